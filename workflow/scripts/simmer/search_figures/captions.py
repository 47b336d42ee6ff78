"""The words above the figures of a search: what a study came to, in sentences."""

from collections import Counter
from collections.abc import Sequence

from simmer.search_figures.edges import NEAR_EDGE, NearEdge, near_edges
from simmer.search_figures.epochs import EpochCount
from simmer.search_figures.loss_axis import LossAxis
from simmer.search_figures.ped_anova import CHANCE_QUANTILE, FEWEST_TRIALS, Importances
from simmer.search_figures.searched import SearchedStudy
from simmer.search_figures.words import STATES, number, spoken

NOTHING_TO_CHOOSE = "Every hyperparameter has one value in this study, so there was nothing to choose."
_NAMED_BEYOND = 3


def counts(study: SearchedStudy) -> str:
    """Return how many trials ended how."""
    ended = Counter(trial.state for trial in study.trials)
    words = [f"{ended[state]} {word}" for state, word in STATES.items() if ended[state]]
    repeats = sum(trial.repeats is not None for trial in study.trials)
    of_these = f"; {repeats} of these repeated from earlier trials" if repeats else ""
    return f"{_count(len(study.trials), 'trial')}: {', '.join(words)}{of_these}."


def best_of(study: SearchedStudy) -> str:
    """Return which trial is the best, and how it compares with the prior."""
    prior = f"the prior, which always answers with the base rate, has {study.prior_log_loss:.4f}"
    best = study.best
    if best is None:
        return f"No trial came to a validation log-loss; {prior}."
    distance = study.prior_log_loss - best.loss
    side = "below" if distance >= 0 else "above"
    return (
        f"Best validation log-loss: {best.loss:.4f} nats, trial {best.number} ({best.origin}), "
        f"{abs(distance):.4f} {side} the prior; {prior}."
    )


def beyond(study: SearchedStudy, axis: LossAxis) -> str:
    """Return which trials are worse than an axis shows, empty where none is."""
    above = axis.beyond(study)
    if not above:
        return ""
    named = [f"trial {trial.number} ({trial.loss:.3g})" for trial in above[:_NAMED_BEYOND]]
    more = len(above) - len(named)
    named += [f"{more} more"] if more else []
    return f"Drawn at the upper end, as their loss lies above it: {', '.join(named)}."


def epochs_spent(count: EpochCount) -> str:
    """Return how many of the planned epochs were trained, and what saved the rest."""
    savers = {
        "pruning": count.pruned,
        "patience": count.patience,
        "repetition": count.repeated,
    }
    by = ", ".join(f"{_percent(part, count)} by {saver}" for saver, part in savers.items() if part)
    saved = f"{_percent(count.saved, count)} saved" + (f" ({by})" if by else "")
    lost = f", {_percent(count.lost, count)} lost to failures and time limits" if count.lost else ""
    return f"Epochs: {count.trained} of {count.planned} planned were trained, {saved}{lost}"


def edges(study: SearchedStudy) -> str:
    """Return in which ranges the best trial lies so near an edge that a better value may lie beyond."""
    best = study.best
    if best is None:
        return "No trial came to a validation log-loss, so none is the best."
    near = near_edges(study)
    open_edges = [edge for edge in near if not edge.final]
    final = [edge for edge in near if edge.final]
    share = f"{NEAR_EDGE:.0%}".replace("%", " %")
    if not near:
        return f"The best, trial {best.number}, lies within {share} of no edge of a range."
    text = f"The best, trial {best.number}, lies within {share} of an edge of"
    sentences = []
    if open_edges:
        sentences.append(f"{text}: {_listed(open_edges)}. A better value may lie beyond the range.")
    if final:
        start = "It also lies at an edge of" if open_edges else text
        sentences.append(f"{start}: {_listed(final)}. Beyond, no value makes sense.")
    return " ".join(sentences)


def rests_on(found: Importances) -> str:
    """Return on how many trials the importances rest, or why there are none."""
    parts = [f"{found.completed} completed"]
    parts += [f"{found.pruned} pruned, ranked below these"] if found.pruned else []
    parts += [f"{found.diverged} diverged, ranked last"] if found.diverged else []
    trials = f"{_count(found.with_loss + found.diverged, 'trial')} ({'; '.join(parts)})"
    if found.importances is not None:
        return f"This rests on {trials}. Importances of so few trials are rough."
    if found.with_loss >= FEWEST_TRIALS:
        return "All trials used the same hyperparameters, so there is nothing to compare."
    return (
        f"Too few trials to tell which hyperparameters mattered: {found.with_loss} came to a loss of their "
        f"own, at least {FEWEST_TRIALS} are needed."
    )


def how_to_read(found: Importances) -> str:
    """Return what an importance and its mark say."""
    chance = f"{CHANCE_QUANTILE:.0%}".replace("%", " %")
    return (
        f"Importance: how far the values of the {found.best} best trials differ from those of all "
        "(PED-ANOVA), so what the sampler soon gave up counts for little. Mark: "
        f"{chance} of shuffles of the losses stay below it; a bar that does not pass its mark cannot be told "
        "from chance. Chance gives ranges longer bars than choices: hold each bar against its own mark."
    )


def not_searched(study: SearchedStudy) -> str:
    """Return which hyperparameters had one value, empty where none had."""
    constant = {key: study.dimensions[key] for key in study.constant}
    values = (f"{spoken(key)} = {number(dimension.ends[0])}" for key, dimension in constant.items())
    return f"Not searched: {', '.join(values)}." if constant else ""


def left_out(found: Importances) -> str:
    """Return which hyperparameters have no importance, empty where all have one."""
    keys = ", ".join(map(spoken, found.unvaried))
    return f"Left out, as these trials do not differ in it: {keys}." if keys else ""


def _listed(near: Sequence[NearEdge]) -> str:
    return ", ".join(
        f"{spoken(edge.key)} {number(edge.value)} ({edge.side} edge {number(edge.edge)})" for edge in near
    )


def _percent(part: int, count: EpochCount) -> str:
    return f"{100.0 * part / count.planned:.0f} %"


def _count(many: int, what: str) -> str:
    return f"{many} {what}" if many == 1 else f"{many} {what}s"
