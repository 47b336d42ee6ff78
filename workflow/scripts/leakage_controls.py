"""Train the controls of the leakage audit: shuffled labels at every horizon, and a planted signal."""

import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from simmer.audit.control_checks import check_control, controls_as_json
from simmer.audit.control_set import planted_control, shuffled_control
from simmer.audit.control_training import ControlSetting
from simmer.audit.raw import model_features, read_raw
from simmer.base.checks import as_table
from simmer.base.files import write_json
from simmer.base.logs import job
from simmer.config.campaign import Config, parse_config
from simmer.data.tables import features_sha256, read_table
from simmer.ledger.made_from import made_from
from simmer.runs.guarded import thermal_guard
from simmer.thermal.stop import StopRequest
from simmer.training.execution import choose_execution, require_device

logger = logging.getLogger(__name__)


def main(
    *,
    config: Config,
    bars: Sequence[Path],
    vix_bars: Sequence[Path],
    tables: Sequence[Path],
    slots: int,
    controls: Path,
) -> None:
    """Train every control and write its scores to `controls`; the audit judges them.

    Args:
        config: the campaign.
        bars: raw bars of the ticker, then of the pooled ones.
        vix_bars: raw bars of the VIX, none where its features are off.
        tables: what the trials learn from, in the same order.
        slots: jobs that run side by side on this machine.
        controls: the scores.

    Raises:
        ConfigError: when the device is not there.
        Interrupted: heat or a signal; the same command begins again.
    """
    settings, frames = config.dataset, [read_table(path) for path in tables]
    raw = [read_raw(path, vix_bars) for path in bars]
    require_device(config.execution.device, asked_by="config key training.device")
    execution = choose_execution(
        device=config.execution.device,
        # Measuring what is fastest would take as long as training, and let the machine of the day decide.
        precision="fp32",
        threads=config.execution.threads,
        compile_model=False,
        slots=slots,
    )
    setting = ControlSetting(geometry=config.geometry, training=config.training, execution=execution)
    stop = StopRequest()
    with (
        stop.on_signals(),
        TemporaryDirectory() as folder,
        thermal_guard(config, execution, on_event=_drop, stop=stop) as guard,
    ):
        features = model_features(settings)
        common = {"build": settings.build, "setting": setting, "seed": config.seed, "guard": guard}
        results = [
            planted_control(
                raw, settings.threshold, features=features, folder=Path(folder, "planted"), **common
            ),
            *(
                shuffled_control(frames, days, folder=Path(folder, f"shuffled_h{days}"), **common)
                for days in settings.horizons_days
            ),
        ]
    logger.info("%s", as_table([check for result in results for check in check_control(result)]).rstrip())
    write_json(controls, controls_as_json(results, features_sha256=features_sha256(frames)))


def _drop(_: dict[str, Any]) -> None:
    """Drop an event: the guard logs what matters as a sentence, and a control keeps no samples."""


if __name__ == "__main__":
    with job(snakemake.log[0]), made_from(snakemake):
        main(
            config=parse_config(snakemake.config),
            bars=[Path(path) for path in snakemake.input.bars],
            vix_bars=[Path(path) for path in snakemake.input.vix_bars],
            tables=[Path(path) for path in snakemake.input.tables],
            slots=snakemake.resources.slots,
            controls=Path(snakemake.output.controls),
        )
