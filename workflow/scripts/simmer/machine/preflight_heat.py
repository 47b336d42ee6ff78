"""Preflight rows on temperature: a sensor responds, and the limits suit its hardware."""

from collections.abc import Iterator, Sequence

from simmer.base.checks import CheckResult, CheckStatus
from simmer.thermal.limits import MARGIN_BANDS, Limits, Profile, ThermalState, state_of
from simmer.thermal.readings import Reading, hottest_of

# At a sensor's critical value the hardware shuts down or slows down hard; stopping needs some room below.
_ROOM_BELOW_CRITICAL_C = 5.0
# AMD specifies 95 °C as the design limit of Ryzen 7000 and later: running there permanently is safe.
_RYZEN_DESIGN_LIMIT_C = 95.0
_MAC_DIE_SOURCES = ("smc", "macmon", "powermetrics")


def check_temperature_source(readings: Sequence[Reading], *, require_sensor: bool) -> CheckResult:
    """A CPU or GPU temperature sensor responds."""
    hottest, status, fix = hottest_of(readings), CheckStatus.OK, None
    measured: float | str | None = hottest.celsius if hottest else None
    unit = "°C"
    if hottest and measured is None:
        measured, unit = hottest.level and hottest.level.word, "pressure"
    if hottest is None:
        fix = "no CPU or GPU temperature is readable, so training continues without temperature monitoring: "
        fix += "load the sensor driver (Linux: modprobe coretemp or k10temp)"
        fix += " or set thermal.require_sensor to false" if require_sensor else ", or make sure it stays cool"
        status = CheckStatus.FAIL if require_sensor else CheckStatus.WARN
    return CheckResult(
        id="temperature_source",
        status=status,
        measured=measured,
        needed="a reading",
        unit=unit,
        source=hottest.source if hottest else "none",
        fix=fix,
    )


def check_thresholds(readings: Sequence[Reading], limits: Limits, *, govern: bool) -> Iterator[CheckResult]:
    """The configured limits suit each sensor: low enough to protect, high enough for a healthy machine."""
    by_level = limits.profile is Profile.APPLE_SILICON and any(one.level is not None for one in readings)
    for reading in readings:
        yield _check_threshold(reading, limits, govern=govern, by_level=by_level)
    if not readings:
        yield CheckResult(
            id="thresholds",
            status=CheckStatus.SKIP,
            measured=None,
            needed=limits.critical_c,
            unit="°C",
            source="none",
        )


def _check_threshold(reading: Reading, limits: Limits, *, govern: bool, by_level: bool) -> CheckResult:
    by_margin = limits.profile is Profile.GPU and reading.margin_c is not None
    measured: float | str | None = reading.critical_c
    needed: float | str = limits.critical_c
    unit = "°C"
    if by_margin:
        measured, needed, unit = reading.margin_c, f"over {-MARGIN_BANDS.warning:g}", "K below slowdown"
    elif by_level:
        measured, needed, unit = (reading.level.word if reading.level else "degrees"), "nominal", "pressure"

    fix = None if by_margin or by_level else _misfit(reading, limits, govern=govern)
    counts = reading.has_thermal_value and (not by_level or reading.level is not None)
    if fix is None and counts and state_of(reading, limits) in (ThermalState.WARNING, ThermalState.CRITICAL):
        fix = f"already {_heat_text(reading)} before training: let the machine cool"
    return CheckResult(
        id="thresholds",
        status=CheckStatus.WARN if fix else CheckStatus.SKIP if measured is None else CheckStatus.OK,
        measured=measured,
        needed=needed,
        unit=unit,
        source=reading.source,
        fix=fix,
    )


def _misfit(reading: Reading, limits: Limits, *, govern: bool) -> str | None:
    """Return why limits in degrees do not suit the hardware of a sensor; None if they do."""
    if reading.source.startswith(_MAC_DIE_SOURCES) and reading.celsius is not None:
        return (
            "the die of a healthy M-series Mac exceeds 95 °C under load: set thermal.profile to "
            "apple-silicon, which judges the pressure level; otherwise the guard slows and stops healthy runs"
        )
    if reading.critical_c is not None and limits.critical_c > reading.critical_c - _ROOM_BELOW_CRITICAL_C:
        highest = reading.critical_c - _ROOM_BELOW_CRITICAL_C
        board = "thermal.profile to gpu, or " if reading.margin_c is not None else ""
        return (
            f"the sensor's own critical value is {reading.critical_c:g} °C: set {board}thermal.critical_c to "
            f"{highest:g} or less; otherwise the hardware acts before the guard"
        )
    ryzen = reading.source.startswith(("hwmon:k10temp", "hwmon:zenpower"))
    if ryzen and limits.critical_c <= _RYZEN_DESIGN_LIMIT_C:
        ends = (
            "is held below it at the cost of speed" if govern else "is stopped by the guard although healthy"
        )
        return (
            f"Ryzen 7000 and later run at 95 °C by design: such a machine {ends}; lower its limit in the "
            "firmware (Eco mode), which costs less speed"
        )
    if reading.source.startswith("hwmon:coretemp") and not govern and reading.critical_c is not None:
        return (
            f"laptops run up to a few degrees below {reading.critical_c:g} °C by design, and thermal.govern "
            "is false: the guard may stop healthy runs; set it to true"
        )
    return None


def _heat_text(reading: Reading) -> str:
    if reading.celsius is not None:
        return f"{reading.celsius:.0f} °C"
    return "close to its slowdown" if reading.level is None else f"at pressure {reading.level.word}"
