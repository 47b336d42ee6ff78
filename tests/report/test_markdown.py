from simmer.report.blocks import Figure, Findings, Heading, Paragraph, Table
from simmer.report.markdown import to_markdown


def test_every_block_becomes_github_markdown():
    text = to_markdown(
        [
            Heading("Title", 1),
            Findings(["one", "two"], alarm=True),
            Paragraph("Some text."),
            Table(("a", "b"), [("1", "x|y"), ("2", "two\nlines")], note="A note."),
            Figure("scaling.svg", "<svg/>", "What it says", "What it shows."),
            Figure("costs.svg", "<svg/>", "More", ""),
        ]
    )
    assert text == (
        "# Title\n\n- one\n- two\n\nSome text.\n\n"
        "| a | b |\n|---|---|\n| 1 | x\\|y |\n| 2 | two lines |\n\nA note.\n\n"
        "figures/scaling.svg: What it says\n\nWhat it shows.\n\nfigures/costs.svg: More\n"
    )
