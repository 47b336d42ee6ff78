"""Hostile text in every output is shown as text: it controls no terminal, page, table or spreadsheet."""

import csv
import io
import json
import logging
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from matplotlib.figure import Figure
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from simmer.base.checks import CheckResult, CheckStatus, CheckTable
from simmer.base.errors import ConfigError, SimmerError
from simmer.base.files import read_json, write_json
from simmer.base.locks import holder_of
from simmer.base.logs import job
from simmer.base.text import plain, plain_lines
from simmer.commands import register
from simmer.commands import studies as studies_command
from simmer.commands.dashboard import export
from simmer.config.campaign import parse_config
from simmer.features.dictionary import ColumnDescription, as_csv, as_markdown
from simmer.figures.style import in_style, to_svg
from simmer.ledger.table import best_json, summary, trials_csv
from simmer.report import blocks
from simmer.report.markdown import to_markdown
from simmer.report.page import to_page
from simmer.search.space import COLUMNS
from simmer.search.suggest import distributions
from simmer.status import catalogue_screen
from simmer.status.campaign import read_campaign
from simmer.status.catalogue import listed_studies
from simmer.status.command import nothing_there
from simmer.status.configuration import FoundConfig
from simmer.status.screen import screen
from support.configs import ROOT, raw_config
from support.ledger_book import START_S, LedgerBook
from support.results import changed, trial_result

HARMLESS = "harmless"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "</text><a href='javascript:1'>x</a>",
    r"$\frac$",
    "[/x]",
    "[bold red]x",
    "[x](javascript:alert) ![y](http://example.org/y.png)",
    '=cmd|" /C calc"!A0',
    "+1",
    "-x",
    "@SUM(A1:A9)",
    "\t=1",
    "\r=1",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "\u202egnp.exe",
    "a\x00b",
    "one\ntwo\n2026-01-01 00:00:00,000 ERROR simmer: forged",
    "a|b",
    "`x` and ``` y",
    "*a* _b_ ~~c~~ # d",
    "]]>",
    "&lt;&amp;",
    "\ufffe\u200b\ufeff",
    "x" * 5000,
)
LONE_SURROGATE = "\ud800"  # half of a UTF-16 pair, possible in file names and JSON
each_hostile = pytest.mark.parametrize("text", HOSTILE, ids=[ascii(text)[:30] for text in HOSTILE])


class Page(HTMLParser):
    """The tags of a page with the names of their attributes, and its texts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts, self.values = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value for _, value in attrs]

    def handle_endtag(self, tag):
        self.tags.append(tag)

    def handle_comment(self, data):
        self.tags.append("comment")

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return spaced("".join(self.texts))


def spaced(text):
    return " ".join(text.split())


def require_harmless_on_a_terminal(shown):
    """Refuse control characters other than line feeds; a no-break space counts as a space."""
    assert shown.replace("\n", "").replace("\u00a0", " ").isprintable(), ascii(shown)


def require_no_formula(table, *, containing):
    cells = [cell for row in csv.reader(io.StringIO(table, newline="")) for cell in row]
    numbers = [cell for cell in cells if re.fullmatch(r"[-+]?[\d.]+(e[-+]\d+)?", cell)]
    assert not [cell for cell in set(cells) - set(numbers) if cell.startswith(tuple("=+-@\t\r\n"))]
    assert any(containing in cell for cell in cells)
    require_harmless_on_a_terminal(table)


def every_block(text):
    return [
        blocks.Heading(text, 1),
        blocks.Heading(text),
        blocks.Paragraph(text),
        blocks.Findings([text, f"{text} in a sentence"], alarm=True),
        blocks.Table((text, "b"), [(text, "1"), ("c", text)], note=text),
        blocks.Figure(text, "<svg/>", alternative=text, caption=text),
    ]


@each_hostile
def test_the_report_as_html(text):
    page, expected = (Page(to_page(every_block(each), title=each)) for each in (text, HARMLESS))
    classless = [tag for tag in page.tags if tag not in ("td", ("td", ()), ("td", ("class",)))]
    assert classless == [tag for tag in expected.tags if tag not in ("td", ("td", ()), ("td", ("class",)))]
    assert len(page.tags) == len(expected.tags)
    assert page.text.count(spaced(plain_lines(text))) >= 9
    assert plain_lines(text) in page.values


@each_hostile
def test_the_report_as_markdown(text):
    read = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    made = to_markdown(every_block(text))
    page, expected = (Page(read.render(page)) for page in (made, to_markdown(every_block(HARMLESS))))
    assert page.tags == expected.tags
    assert page.text.count(spaced(plain(text.replace("\n", " ")))) >= 9
    require_harmless_on_a_terminal(made)


@each_hostile
def test_the_data_dictionary(text):
    description = ColumnDescription(text, text, text, 200, -0.5, 2.5, -1e-7, 0)
    tables = {text: [description]}
    table = as_csv(tables)
    require_no_formula(table, containing=plain(text))
    assert table.endswith(",200,-0.5,2.5,-1e-07,0\n")
    read = MarkdownIt("commonmark").enable("table")
    page = Page(read.render(as_markdown(tables)))
    expected = Page(read.render(as_markdown({HARMLESS: [description]} | {})))
    assert len(page.tags) == len(expected.tags)
    assert page.text.count(spaced(plain(text.replace("\n", " ")))) == 4


@each_hostile
def test_the_tables_of_trials(text, tmp_path):
    found = trial_result(campaign=text, ended=text, fingerprint=text, code_digests=[text])
    require_no_formula(trials_csv([found], COLUMNS), containing=plain(text))
    require_harmless_on_a_terminal(summary([found]))
    assert len(summary([found]).splitlines()) == len(summary([trial_result()]).splitlines())
    write_json(tmp_path / "best.json", best_json([found], {1: {"study": text}}))
    best = read_json(tmp_path / "best.json")["1"]
    assert (best["campaign"], best["study"]) == (text, text)


def test_a_lone_surrogate_survives_json(tmp_path):
    write_json(tmp_path / "best.json", {"campaign": LONE_SURROGATE})
    assert read_json(tmp_path / "best.json") == {"campaign": LONE_SURROGATE}
    assert b"\\ud800" in (tmp_path / "best.json").read_bytes()


@in_style
def drawn(text):
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2], label=text)
    axes.set(title=text, xlabel=text)
    axes.set_yticks([1, 2], [text, "b"])
    axes.legend()
    return to_svg(figure)


@pytest.mark.filterwarnings("ignore:Glyph")
@each_hostile
def test_a_figure(text):
    text = text.replace("\n", " ")  # a line break makes two texts of one
    read, expected = (ElementTree.fromstring(drawn(each)) for each in (text, HARMLESS))
    assert [part.tag for part in read.iter()] == [part.tag for part in expected.iter()]
    assert sum(plain(text).strip() in (part.text or "") for part in read.iter()) == 4
    require_harmless_on_a_terminal(drawn(text).decode())


@each_hostile
def test_a_table_of_checks(text):
    texts = dict.fromkeys(("id", "measured", "needed", "unit", "source", "fix"), text)
    check = CheckResult(status=CheckStatus.FAIL, **texts)
    report = CheckTable(title=text, checks=(check,), error=ConfigError, complaint=text)
    require_harmless_on_a_terminal(report.as_text())
    assert plain(text) in report.as_text() or "\n" in text
    with pytest.raises(ConfigError) as refused:
        report.raise_if_failed()
    require_harmless_on_a_terminal(str(refused.value))
    assert json.loads(json.dumps(report.as_json()))["checks"][0]["fix"] == text


@each_hostile
def test_an_error_a_lock_and_a_log(text, tmp_path, capsys):
    root = logging.getLogger()
    before = list(root.handlers), root.level
    try:
        with job(tmp_path / "job.log"):
            logging.getLogger("foreign").warning("found %s", text)
            raise SimmerError(text)
    except SystemExit:
        pass
    finally:
        root.handlers, root.level = before
    for shown in (capsys.readouterr().err, (tmp_path / "job.log").read_text(), str(SimmerError(text))):
        require_harmless_on_a_terminal(shown)
        assert plain_lines(text) in shown
    holder = {"pid": 1, "host": text, "command": text, "since": text}
    (tmp_path / "lock").write_text(json.dumps(holder))
    assert plain(text) in holder_of(tmp_path / "lock")
    require_harmless_on_a_terminal(holder_of(tmp_path / "lock").replace("\n", "\x00"))


@each_hostile
def test_a_wrong_configuration(text):
    with pytest.raises(ConfigError) as refused:
        parse_config(raw_config({text: 1, "seed": text, "scales": {text: text}, "data": {"source": text}}))
    require_harmless_on_a_terminal(str(refused.value))


@each_hostile
def test_a_file_that_is_registered(text, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = re.sub("[\x00/]", "", text)[:100]
    path = tmp_path / f"x{name}"
    path.write_text(f"Date,Open,High,Low,Close,Volume\n{text}\n")
    for arguments in ([str(path), "SPY"], [str(path), text], [str(path / "gone"), "SPY"]):
        if arguments[1].startswith("-"):
            continue
        with pytest.raises(SystemExit) as ended:
            register.main(arguments)
        require_harmless_on_a_terminal(f"{ended.value.code}{capsys.readouterr()}")


@each_hostile
@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_status_screen(text, width, tmp_path):
    book = LedgerBook(tmp_path, {"run_scales": ["2M"], "scales": {"2M": {"n_trials": 2}}})
    book.trial(0, campaign=text)
    files = book.trial(1, state=None)
    heat = {"temperature_c": 70.0, "source": text, "pressure_level": text, "margin_c": None}
    time = {"time": "2026-03-02T08:59:00+00:00"}
    files.append_event({"event": "hardware_sample", "state": text, **heat, **time})
    files.append_event({"event": "thermal_event", "action": "throttle", "message": text, **heat, **time})
    book.run_lock(pid=2**22 + 1, command=f"runner --configfile '{text}'", host=os.uname().nodename)
    log = book.results / "logs" / "hpo_2M" / "h1" / "trial_001.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"2026-03-02 08:00:01,101 ERROR simmer.base.logs: {text}\n", encoding="utf-8")
    found = read_campaign(
        FoundConfig(config=book.config, overlays=(Path(text),)), book.results, now_s=START_S + 3600.0
    )
    shown = screen(found, width=width, begin=f"runner {text}")
    require_harmless_on_a_terminal("".join(shown))
    assert "".join(plain(text).split())[:30] in "".join("".join(shown).split())
    assert max(map(len, shown)) <= width
    require_harmless_on_a_terminal(
        "\n".join(nothing_there(tmp_path / text.replace("\x00", ""), text, begin=None))
    )


@each_hostile
@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_table_of_studies(text, width, tmp_path):
    book = LedgerBook(tmp_path, {"run_scales": ["2M"]})
    book.trial(0, campaign=text)
    studies = listed_studies(book.results)
    shown = catalogue_screen.screen(studies, width=width, now_s=START_S)
    require_harmless_on_a_terminal("".join(shown))
    assert max(map(len, shown)) <= width
    book.study().trial(0).write_result(
        trial_result(campaign=text, ended=text, fingerprint=book.study().home.name)
    )
    studies_command.export(studies, tmp_path / "all.csv")
    require_no_formula((tmp_path / "all.csv").read_text(encoding="utf-8"), containing=plain(text))


def test_the_name_of_a_campaign_on_the_status_screen(tmp_path):
    for number, text in enumerate(HOSTILE):
        book = LedgerBook(tmp_path / str(number))
        book.config = book.config.__class__(**vars(book.config) | {"campaign": text})
        shown = screen(
            read_campaign(FoundConfig(config=book.config), book.results, now_s=START_S), width=80, begin=None
        )
        require_harmless_on_a_terminal("".join(shown))
        assert plain(text)[:50] in shown[0]


def test_the_export_for_the_dashboard(tmp_path):
    book = LedgerBook(tmp_path)
    files = [book.trial(number) for number in range(len(HOSTILE))]
    known = distributions(book.config.study("2M", 1).space)
    values = {name: one.choices[0] if hasattr(one, "choices") else one.low for name, one in known.items()}
    for trial, text in zip(files, HOSTILE, strict=True):
        found = changed(trial.result(), origin=text, ended=text, hyperparameters=values)
        trial.write_result(found)
    export(tmp_path / "results" / "ledger", tmp_path / "journal")
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "journal")))
    (study,) = storage.get_all_studies()
    trials = storage.get_all_trials(study._study_id)
    assert [trial.user_attrs["origin"] for trial in trials] == list(HOSTILE)


def test_csv_and_html_are_written_in_one_place():
    """All tables and pages must follow the rules above."""
    library = ROOT / "workflow/scripts"
    writers = {
        path.relative_to(library).as_posix()
        for path in library.rglob("*.py")
        if re.search(r"^(import csv|from html import)|\.to_csv\(|\.to_html\(", path.read_text(), re.MULTILINE)
    }
    assert writers == {"simmer/base/text.py"}
