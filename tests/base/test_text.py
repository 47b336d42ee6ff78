import csv
import io

import pytest

from simmer.base.text import csv_text, html_text, markdown_text, plain, plain_lines, quote, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, °C and — and 日本語", "plain text, °C and — and 日本語"),
        ("no\u00a0break", "no\u00a0break"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b", r"\x9b"),
        ("a\x00b\tc\rd\ne", r"a\x00b\tc\rd\ne"),
        ("\u202eevil", r"\u202eevil"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("\ue000", r"\ue000"),
    ],
)
def test_invisible_characters_are_escaped(text, shown):
    assert plain(text) == shown


def test_lines_stay_lines():
    assert plain_lines("one\x07\ntwo\r\n") == "one\\x07\ntwo\\r\n"


def test_a_long_text_is_cut():
    assert shortened("x" * 10, 10) == "x" * 10
    assert shortened("x" * 11, 10) == "xxxxxxx..."
    assert len(quote("x" * 1000)) == 40


def test_html_is_escaped_for_attributes_too():
    assert html_text("\"'<&>\x00") == r"&quot;&#x27;&lt;&amp;&gt;\x00"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *(("trial_000 of a_b", "trial_000 of a_b"), ("-0.5 and 2.5 % (a < b) of [0, 1]", None)),
        *(("_x_ *y*", r"\_x\_ \*y\*"), ("a|b\nc", r"a\|b c"), ("`x`", r"\`x\`")),
        *(("![x](http://y)", r"!\[x](http://y)"), ("<b>", r"\<b>"), ("$x$", r"\$x\$")),
        *(("&lt; & co", r"\&lt; & co"), ("a\\", "a\\\\"), ("~~x~~", r"\~~x\~~")),
        *(("- x", r"\- x"), ("## x", r"\## x"), ("12. x", r"12\. x"), ("> x", r"\> x"), ("---", r"\---")),
    ],
)
def test_markdown_marks_are_escaped_and_ordinary_texts_left_alone(text, shown):
    expected = text.replace("<", r"\<").replace("[", r"\[") if shown is None else shown
    assert markdown_text(text) == expected


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_text_cell_is_a_formula(sign):
    ((cell,),) = csv.reader(io.StringIO(csv_text([[f"{sign}x"]])))
    assert cell == f"'{plain(sign)}x"


def test_numbers_are_not_escaped_and_absent_values_are_empty_cells():
    assert csv_text([[-0.5, -3, None, True, "a,b"]]) == '-0.5,-3,,True,"a,b"\n'
    assert csv_text([[-1 / 3, 1e9, -3]], digits=6) == "-0.333333,1e+09,-3\n"
