from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Annotated

import pytest
from pydantic import Field

from simmer.base.errors import ConfigError
from simmer.base.files import to_json
from simmer.base.settings import IsoDate, Number, Real, Whole, before, meaning, part, settings, since


@settings
class Pace:
    step_s: Annotated[Number, Field(gt=0)]
    steps: Annotated[Whole, Field(ge=1, le=9)]


@settings
class LaterPace(Pace):
    noise: Annotated[Real, Field(ge=0)] = since(0.0)


@settings
class Walk:
    pace: Pace
    names: tuple[str, ...]


@settings
class LaterWalk:
    pace: LaterPace
    names: tuple[str, ...]
    rest: LaterPace | None = since(None)

    def __post_init__(self):
        if "nowhere" in self.names:
            raise ConfigError("found `nowhere`, expected places {such as} Rome")


@dataclass(frozen=True)
class Plain:
    width: int
    later: int = since(3)


VALUES = {"step_s": 2, "steps": 3}


def test_settings_are_frozen_dataclasses_that_keep_numbers_as_they_are_written():
    pace = Pace(**VALUES)
    assert asdict(replace(pace, steps=4)) == {"step_s": 2, "steps": 4}
    assert to_json(asdict(pace)) == to_json(VALUES) != to_json(asdict(replace(pace, step_s=2.0)))
    assert [field.name for field in fields(LaterPace)] == ["step_s", "steps", "noise"]
    assert type(LaterPace(**VALUES, noise=1).noise) is float
    with pytest.raises(AttributeError):
        pace.steps = 4


def test_a_key_added_later_is_left_out_of_the_meaning_at_its_since_value():
    old = Walk(pace=Pace(**VALUES), names=("Rome",))
    new = LaterWalk(pace=LaterPace(**VALUES), names=("Rome",))
    assert meaning(old) == asdict(old)
    assert to_json(meaning(new)) == to_json(meaning(old))
    assert to_json(asdict(new)) != to_json(asdict(old))
    assert before(LaterPace) == {"noise": 0.0}


def test_a_key_added_later_is_part_of_the_meaning_with_any_other_value():
    old = Walk(pace=Pace(**VALUES), names=("Rome",))
    for new in (
        LaterWalk(pace=LaterPace(**VALUES, noise=0.5), names=("Rome",)),
        LaterWalk(pace=LaterPace(**VALUES), names=("Rome",), rest=LaterPace(**VALUES)),
    ):
        assert meaning(new) != meaning(old)
    assert meaning(new)["rest"] == VALUES


def test_plain_dataclasses_mappings_and_sequences_have_a_meaning_too():
    assert meaning({"a": (Plain(1), [Plain(1, 4)])}) == {"a": ({"width": 1}, [{"width": 1, "later": 4}])}


def test_a_part_has_only_the_keys_of_its_class():
    assert part(LaterPace(**VALUES, noise=0.5), Pace) == Pace(**VALUES)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": True}, "steps: found true, expected a whole number"),
        ({"steps": 3.0}, r"steps: found 3\.0, expected a whole number"),
        ({"steps": "1e3"}, r"steps: found '1e3', expected a whole number .*write 1000"),
        ({"steps": "3"}, r"steps: found '3', expected a whole number .*without quotes"),
        ({"step_s": "1e-3"}, r"step_s: found '1e-3', expected a number .*write 1\.0e-4"),
        ({"steps": 10}, "steps: found 10, expected at most 9"),
        ({"step_s": False}, "step_s: found false, expected a number"),
        ({"step_s": float("nan")}, "step_s: found nan, expected a finite number"),
        ({"step_s": float("inf")}, "step_s: found inf, expected a finite number"),
        ({"step_s": None}, "step_s: found null, expected a number"),
        ({"stepps": 1}, "Pace: unknown key `stepps`; did you mean `steps`"),
        ({"step_s": 0, "steps": 0}, "step_s: found 0, .*; steps: found 0, expected at least 1"),
    ],
    ids=str,
)
def test_a_wrong_value_is_a_configuration_error_that_names_it(changes, message):
    with pytest.raises(ConfigError, match=message):
        Pace(**VALUES | changes)


def test_a_contradiction_keeps_its_message():
    with pytest.raises(ConfigError, match=r"^found `nowhere`, expected places \{such as\} Rome$"):
        LaterWalk(pace=LaterPace(**VALUES), names=("nowhere",))


def test_a_long_value_is_cut():
    with pytest.raises(ConfigError) as raised:
        Pace(**VALUES | {"steps": "x" * 10_000})
    assert len(str(raised.value)) < 400


@settings(kw_only=False)
class Day:
    day: Annotated[IsoDate | None, Field(description="A day.")] = None


def test_a_date_with_or_without_quotes_is_the_same_text():
    assert Day(date(2014, 12, 31)) == Day(day="2014-12-31")
    assert Day(None).day is None
    for wrong in (2014, datetime(2014, 12, 31, 12)):
        with pytest.raises(ConfigError, match=r"day: found .*, expected a date such as 2014-12-31, or null"):
            Day(wrong)
