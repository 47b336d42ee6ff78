"""Preflight rows that advise: what would serve better than sleeping, as commands that only a user runs."""

from collections.abc import Iterator

from simmer.base.checks import CheckResult, CheckVerdict
from simmer.machine.power import PowerFacts


def advise(
    power: PowerFacts, *, on_battery: bool | None, low_power_mode: bool | None
) -> Iterator[CheckResult]:
    """Yield the rows on power limit, sleep and background priority.

    Args:
        power: what was found.
        on_battery: None for a machine without a battery.
        low_power_mode: whether the system saves power at the cost of speed; None where it does not tell.
    """
    yield _check_power_limit(power, low_power_mode)
    yield _check_sleep(power, laptop=on_battery is not None)
    yield _check_background(power)


def _check_power_limit(power: PowerFacts, low_power_mode: bool | None) -> CheckResult:
    why = "if training is slowed for heat, less power loses less speed than sleeping does: "
    if power.cap is not None:
        return CheckResult(
            "power_limit",
            CheckVerdict.OK,
            round(power.cap.limit_w, 1),
            "any",
            "W",
            power.cap.source,
            why + power.cap.command,
        )
    if power.system == "darwin" and low_power_mode is False:
        fix = why + "sudo pmset -a lowpowermode 1"
        return CheckResult("power_limit", CheckVerdict.OK, "full power", "any", None, "pmset", fix)
    return CheckResult("power_limit", CheckVerdict.SKIP, None, "any", "W", "none readable", None)


def _check_sleep(power: PowerFacts, *, laptop: bool) -> CheckResult:
    if power.sleep_guard is None:
        return CheckResult("sleep", CheckVerdict.SKIP, None, "kept awake", None, "no sleep manager", None)
    program = power.sleep_guard.split()[0]
    if power.kept_awake:
        return CheckResult("sleep", CheckVerdict.OK, "kept awake", "kept awake", None, program, None)
    fix = f"a machine that sleeps loses nothing and trains nothing: {power.sleep_guard} <the same command>"
    verdict = CheckVerdict.WARN if laptop else CheckVerdict.OK
    return CheckResult("sleep", verdict, "may sleep", "kept awake", None, program, fix)


def _check_background(power: PowerFacts) -> CheckResult:
    if power.nice is None:
        return CheckResult("background", CheckVerdict.SKIP, None, 0, "nice", "none", None)
    if power.nice > 0:
        fix = "a background priority trains slower, on macOS several times: start the command without `nice`"
        return CheckResult("background", CheckVerdict.WARN, power.nice, 0, "nice", "os", fix)
    fix = None
    if power.system == "darwin":
        fix = "macOS slows what it takes for background work: keep the terminal window visible, or run "
        fix += "sudo taskpolicy -B -p <pid of the trainer>"
    return CheckResult("background", CheckVerdict.OK, power.nice, 0, "nice", "os", fix)
