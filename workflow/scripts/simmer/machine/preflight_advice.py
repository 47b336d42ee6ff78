"""Preflight rows with advice on power limit, sleep and priority, as commands for the user."""

from collections.abc import Iterator

from simmer.base.checks import CheckResult, CheckStatus
from simmer.machine.power import PowerFacts


def advise(
    power: PowerFacts, *, on_battery: bool | None, low_power_mode: bool | None
) -> Iterator[CheckResult]:
    """Yield the rows on power limit, sleep and background priority.

    Args:
        power: facts about this machine.
        on_battery: None without a battery.
        low_power_mode: True if the system saves power at the cost of speed; None if unknown.
    """
    yield _check_power_limit(power, low_power_mode)
    yield _check_sleep(power, laptop=on_battery is not None)
    yield _check_background(power)


def _check_power_limit(power: PowerFacts, low_power_mode: bool | None) -> CheckResult:
    status, measured, unit, source, command = CheckStatus.SKIP, None, "W", "none readable", None
    if power.cap is not None:
        status, measured = CheckStatus.OK, round(power.cap.limit_w, 1)
        source, command = power.cap.source, power.cap.command
    elif power.system == "darwin" and low_power_mode is False:
        status, measured, unit = CheckStatus.OK, "full power", None
        source, command = "pmset", "sudo pmset -a lowpowermode 1"
    why = "if the guard slows training, a lower power limit costs less speed than sleeping: "
    return CheckResult(
        id="power_limit",
        status=status,
        measured=measured,
        needed="any",
        unit=unit,
        source=source,
        fix=command and why + command,
    )


def _check_sleep(power: PowerFacts, *, laptop: bool) -> CheckResult:
    status, measured, source, fix = CheckStatus.SKIP, None, "no sleep manager", None
    if power.sleep_guard is not None:
        status, measured, source = CheckStatus.OK, "kept awake", power.sleep_guard.split()[0]
        if not power.kept_awake:
            status, measured = (CheckStatus.WARN if laptop else CheckStatus.OK), "may sleep"
            fix = "training stops while the machine sleeps (nothing is lost); keep it awake with "
            fix += f"{power.sleep_guard} <the same command>"
    return CheckResult(
        id="sleep", status=status, measured=measured, needed="kept awake", source=source, fix=fix
    )


def _check_background(power: PowerFacts) -> CheckResult:
    status, source, fix = CheckStatus.OK, "os", None
    if power.nice is None:
        status, source = CheckStatus.SKIP, "none"
    elif power.nice > 0:
        status = CheckStatus.WARN
        fix = "background priority slows training, on macOS several times: start the command without `nice`"
    elif power.system == "darwin":
        fix = "macOS slows background processes: keep the terminal window visible, or run "
        fix += "sudo taskpolicy -B -p <pid of the training process>"
    return CheckResult(
        id="background", status=status, measured=power.nice, needed=0, unit="nice", source=source, fix=fix
    )
