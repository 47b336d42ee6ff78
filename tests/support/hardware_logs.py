"""Made-up logs, in the format the guard writes."""

from datetime import UTC, datetime

from simmer.ledger.trial_log import TrialLog

START_S = datetime(2026, 3, 2, 21, tzinfo=UTC).timestamp()


class LogBook:
    """Builds the log of one trial; times are seconds since the start of the study."""

    def __init__(self, scale="20M", horizon_days=3, trial=0):
        self.events, self.names = [], (scale, horizon_days, trial)

    def add(self, kind, at_s, **values):
        time = datetime.fromtimestamp(START_S + at_s, UTC).isoformat(timespec="milliseconds")
        self.events.append({"time": time, "event": kind} | values)
        return self

    def sample(self, at_s, celsius=60.0, *, state="normal", duty=1.0, cpu=80.0, **values):
        heat = {"temperature_c": celsius, "pressure_level": None, "margin_c": None}
        source = None if celsius is None and values.get("pressure_level") is None else "hwmon:k10temp:Tdie"
        load = {"cpu_percent": cpu, "memory_percent": 41.5}
        sums = {"slept_s": 0.0, "paused_s": 0.0, "pauses": 0, "blind_s": 0.0, "energy_wh": None}
        rest = {"state": state, "duty": duty, "power_w": None, "brakes": [], "memory_temperature_c": None}
        return self.add("hardware_sample", at_s, **(load | heat | {"source": source} | rest | sums | values))

    def blind(self, at_s):
        return self.sample(at_s, None, state="unknown")

    def thermal(self, action, at_s, celsius=None, **values):
        heat = {"temperature_c": celsius, "pressure_level": None, "margin_c": None, "source": None}
        return self.add(
            "thermal_event", at_s, **(heat | {"action": action, "limit_c": None, "lasted_s": 0.0} | values)
        )

    @property
    def log(self):
        return TrialLog(*self.names, tuple(self.events))
