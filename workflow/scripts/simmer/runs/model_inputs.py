"""The inputs of a model, as its card names them: channels, form, context and scaling."""

from simmer.features.dataset import Dataset
from simmer.ledger.model_card import ModelInputs


def inputs_of(dataset: Dataset, form: str) -> ModelInputs:
    """Return the inputs of a model that learns from a dataset in an input form."""
    mean, std = dataset.scaling(form)
    return ModelInputs(
        columns=dataset.feature_names,
        form=form,
        context_days=dataset.context_days,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
    )
