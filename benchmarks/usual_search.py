"""A search as people write it: a transformer of torch's own layers, the usual loop, and Optuna's defaults.

    python usual_search.py FOLDER TRIALS THREADS

It imports nothing of simmer. The folder holds what `Material.write` wrote there, and gets `optuna.db`, in
which the same line goes on until as many trials are finished.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader

from dimensions import Size
from usual_code import UsualDataset, UsualModel

HEAD_WIDTH = 16
DEPTHS = (2, 4, 8)
CLIP_NORM = 1.0
SPLITS = ("train", "validation")

Recipe = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A finished trial: its recipe, its lowest validation log-loss, epochs trained, and seconds it took."""

    recipe: Recipe
    loss: float
    epochs: int
    seconds: float


@dataclass(frozen=True)
class Limits:
    """What a search keeps to: parameters of a model, epochs of a trial, epochs without a better loss."""

    budget_parameters: int
    epochs_max: int
    patience_epochs: int


@dataclass(frozen=True)
class Material:
    """Rows of standardised features [rows, channels]; of each split the windows' first rows, and labels."""

    limits: Limits
    rows: np.ndarray
    firsts: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]

    def write(self, folder: Path) -> None:
        """Write it to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "limits.json").write_text(json.dumps(asdict(self.limits)), encoding="utf-8")
        parts = {f"firsts_{split}": self.firsts[split] for split in SPLITS}
        parts |= {f"labels_{split}": self.labels[split] for split in SPLITS}
        np.savez(folder / "windows.npz", rows=self.rows, **parts)

    @classmethod
    def read(cls, folder: Path) -> "Material":
        """Read it from a folder."""
        parts = np.load(folder / "windows.npz")
        return cls(
            Limits(**json.loads((folder / "limits.json").read_text(encoding="utf-8"))),
            parts["rows"],
            {split: parts[f"firsts_{split}"] for split in SPLITS},
            {split: parts[f"labels_{split}"] for split in SPLITS},
        )

    def dataset(self, split: str) -> UsualDataset:
        """Return the windows of a split."""
        rows, labels = torch.from_numpy(self.rows), torch.from_numpy(self.labels[split])
        return UsualDataset(rows, self.firsts[split].tolist(), labels.float())


def suggested(trial: optuna.Trial) -> Recipe:
    """Return what Optuna suggests, from ranges that are usual for such models."""
    return {
        "depth": trial.suggest_categorical("depth", DEPTHS),
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 3e-3, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-4, 1.0, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.6),
        "batch_size": trial.suggest_categorical("batch_size", (32, 64, 128)),
    }


def size_of(depth: int, budget_parameters: int) -> Size:
    """Return the size of a model of a depth; its layers have about as many parameters as the budget."""
    heads = max(1, round((budget_parameters / (12 * depth)) ** 0.5 / HEAD_WIDTH))
    return Size(heads * HEAD_WIDTH, depth, HEAD_WIDTH)


def train(material: Material, recipe: Recipe, seed: int) -> list[float]:
    """Train with a cosine schedule until patience ends it; return the validation log-loss of each epoch."""
    torch.manual_seed(seed)
    limits = material.limits
    model = UsualModel(
        size_of(recipe["depth"], limits.budget_parameters),
        channels=material.rows.shape[1],
        dropout=recipe["dropout"],
    )
    train_loader = DataLoader(
        material.dataset("train"), batch_size=recipe["batch_size"], shuffle=True, drop_last=True
    )
    validation_loader = DataLoader(material.dataset("validation"), batch_size=256)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe["learning_rate"], weight_decay=recipe["weight_decay"]
    )
    scheduler = CosineAnnealingLR(optimizer, limits.epochs_max * len(train_loader))
    losses: list[float] = []
    while len(losses) < limits.epochs_max and not _out_of_patience(losses, limits.patience_epochs):
        model.train()
        for windows, labels in train_loader:
            optimizer.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(model(windows), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
            optimizer.step()
            scheduler.step()
        losses.append(evaluate(model, validation_loader))
    return losses


@torch.no_grad()
def evaluate(model: nn.Module, loader: DataLoader) -> float:
    """Return the log-loss."""
    model.eval()
    total = sum(
        functional.binary_cross_entropy_with_logits(model(windows), labels, reduction="sum").item()
        for windows, labels in loader
    )
    return total / len(loader.dataset)


def _out_of_patience(losses: Sequence[float], patience_epochs: int) -> bool:
    return len(losses) - int(np.argmin(losses)) > patience_epochs if losses else False


def search(folder: Path, trials: int) -> None:
    """Go on with the search in a folder until it has as many trials."""
    material, study = Material.read(folder), _study(folder)
    while (count := len(finished(folder))) < trials:
        study.optimize(partial(_objective, material), n_trials=1)
        print(f"usual trial {count}: {finished(folder)[-1]}", flush=True)


def _objective(material: Material, trial: optuna.Trial) -> float:
    begun_s = time.perf_counter()
    losses = train(material, suggested(trial), seed=trial.number)
    trial.set_user_attr("epochs", len(losses))
    trial.set_user_attr("seconds", time.perf_counter() - begun_s)
    return min(losses)


def finished(folder: Path) -> list[Trial]:
    """Return the finished trials of a search; an interrupted one does not count."""
    return [
        Trial(one.params, one.value, one.user_attrs["epochs"], one.user_attrs["seconds"])
        for one in _study(folder).get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    ]


def _study(folder: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        study_name="usual",
        storage=f"sqlite:///{folder / 'optuna.db'}",
        sampler=optuna.samplers.TPESampler(),
        load_if_exists=True,
    )


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[3]))
    search(Path(sys.argv[1]), int(sys.argv[2]))
