"""Trainings on one core that compute the same numbers each time: their plan, arithmetic and code."""

from functools import cache
from pathlib import Path

from setting import ROOT
from simmer.features.dataset import Dataset, describe
from simmer.runs.fitting import windows_of
from simmer.search.space import Hyperparameters
from simmer.search.study import Study
from simmer.training.kernels import kernels_are_loaded
from simmer.training.plan import Plan
from simmer.training.settings import Execution, TrainingSettings
from source_digest import source_digest

ROOMS = ("features", "model", "training")  # of the library, whose code affects a training
SOURCES = {".py", ".cpp", ".h"}


@cache
def one_core() -> Execution:
    """Return the execution: fp32 and one thread, because what `auto` measures could differ each time."""
    kernels = "simmer" if kernels_are_loaded() else "torch"
    return Execution(device="cpu", precision="fp32", threads=1, kernels=kernels)


@cache
def code_digest(benchmark: str) -> str:
    """Return the digest of the code of a training, and of the benchmark's file."""
    files = (path for room in ROOMS for path in (ROOT / "workflow/scripts/simmer" / room).rglob("*"))
    return source_digest([Path(benchmark), *(path for path in files if path.suffix in SOURCES)])


def plan_on_one_core(
    study: Study, dataset: Dataset, recipe: Hyperparameters, *, settings: TrainingSettings, seed: int
) -> Plan:
    """Return the plan of a training of a study's shape on a dataset."""
    execution, train = one_core(), describe(dataset)["train"]
    windows = {
        split: windows_of(dataset, split, recipe.input_form, execution.device)
        for split in ("train", "validation")
    }
    return Plan(
        shape=study.shape(recipe),
        **windows,
        recipe=recipe,
        settings=settings,
        execution=execution,
        epochs_max=study.epochs_max,
        micro_batch=recipe.batch_size,
        seed=seed,
        base_rate=train["base_rate"],
        prior_log_loss=train["prior_log_loss"],
    )
