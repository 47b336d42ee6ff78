"""Findings of days that a person vouches for: recorded instead of refused, counted and bounded."""

from collections.abc import Iterable

from simmer.data.choices import VOUCHED_SHARE, Choices, named_days
from simmer.data.problems import Finding


def vouched_for(
    findings: Iterable[Finding], choices: Choices, *, bars: int
) -> tuple[list[Finding], dict[str, str]]:
    """Put one warning for each day that is vouched for in place of its findings.

    Args:
        findings: of a table.
        choices: with the exceptions, whose other days are named in one warning, as are accepted rules that
            found nothing.
        bars: number of bars of the table. More exceptions than `VOUCHED_SHARE` of them are an error.

    Returns:
        The findings, and the reasons by day of the exceptions that were needed.
    """
    kept, found = [], {day: ["a row without prices"] for day in choices.days_without_prices}
    rules = set()
    for finding in findings:
        rules.add(finding.rule)
        day = str(finding.day)
        if finding.day is not None and day in choices.exceptions:
            found.setdefault(day, []).append(finding.message)
        else:
            kept.append(finding)
    for day, messages in sorted(found.items()):
        message = f"{day}: {'; '.join(messages)}; vouched for: {choices.exceptions[day]}"
        kept.append(Finding(None, "vouched", message, "warning"))
    most = int(VOUCHED_SHARE * bars)
    if len(found) > most:
        message = (
            f"{len(found)} days are vouched for in `exceptions`, of {bars} bars; expected at most {most}, "
            "one in a hundred: use other bars, another `calendar` or `kind`, or leave days out by `start` "
            "and `end`"
        )
        kept.append(Finding(None, "vouched", message, "error"))
    unused = sorted(choices.exceptions.keys() - found)
    if unused:
        message = f"nothing was found on {named_days(unused)}; leave the day out of `exceptions`"
        kept.append(Finding(None, "exceptions", message, "warning"))
    # A session that was not over when its bar was accepted is over later.
    needless = [rule for rule in choices.accept if rule not in rules | {"unfinished"}]
    if needless:
        message = f"found no {', '.join(needless)}; leave it out of `accept`"
        kept.append(Finding(None, "accept", message, "warning"))
    return kept, {day: choices.exceptions[day] for day in sorted(found)}
