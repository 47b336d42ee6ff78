"""Findings that need consent before a file becomes the first snapshot, which stays in use for good."""

from collections.abc import Sequence

from simmer.base.errors import DataError
from simmer.base.text import plain
from simmer.data.layouts.declared import in_words
from simmer.data.problems import Problem
from simmer.data.tickers import ACCEPTABLE, TickerSpec


class ConsentNeededError(DataError):
    """A file has findings that are probably mistakes; a person has to correct or to accept them."""


def refuse_without_consent(problems: Sequence[Problem], spec: TickerSpec) -> None:
    """Raise `ConsentNeededError`, with all findings, if the ticker's entry does not accept one."""
    rules = {problem.rule for problem in problems} & set(ACCEPTABLE)
    if not rules - set(spec.accept):
        return
    accept = {"accept": [rule for rule in ACCEPTABLE if rule in rules | set(spec.accept)]}
    advice = "correct the file"
    if "unfinished" in rules - set(spec.accept):
        advice += ", leave the last bar out by `end`"
    listing = "\n  ".join(plain(str(problem)) for problem in problems)
    raise ConsentNeededError(
        f"the bars of {spec.ticker} are not kept yet, because some findings are probably mistakes, and the "
        f"first snapshot of a file stays in use even if the file is corrected later:\n  {listing}\n"
        f"To go on, {advice}, vouch for single days by `exceptions`, or if all is right, write into its "
        f'entry in data.tickers {in_words(accept)}, with make register READ="{in_words(accept)[1:-1]}"'
    )
