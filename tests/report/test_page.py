import base64
import re
from html.parser import HTMLParser

from simmer.report.blocks import Figure, Findings, Heading, Paragraph, Table
from simmer.report.page import to_page

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>a & b</text></svg>'
BLOCKS = [
    Heading("Title <1>", 1),
    Findings(["it loses"], alarm=True),
    Heading("First part"),
    Paragraph("1 < 2 & 3"),
    Table(("a", "b"), [("1", "<b>bold</b>")], note="A note."),
    Heading("Second part"),
    Figure("scaling.svg", SVG, 'Says "that"', 'It shows "this".', wide=True),
]
VOID = {"meta", "img", "link", "br"}


class Reader(HTMLParser):
    """Collect tags and texts, and assert that tags are closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(blocks):
    reader = Reader()
    reader.feed(to_page(blocks, title="T & T"))
    assert not reader.open
    return reader


def test_texts_stay_texts_and_every_tag_is_closed():
    text = "".join(read(BLOCKS).text)
    for part in ("Title <1>", "1 < 2 & 3", "<b>bold</b>", "A note.", 'It shows "this".', "T & T", "it loses"):
        assert part in text


def test_a_figure_is_inside_the_page_unchanged():
    (image,) = [attrs for tag, attrs in read(BLOCKS).tags if tag == "img"]
    kind, data = image["src"].split(",", 1)
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data).decode() == SVG
    assert image["alt"] == 'Says "that"'


def test_the_page_has_no_scripts_and_no_network_access():
    page = to_page(BLOCKS, title="T")
    assert not re.search(r"<(script|link|iframe|object)|@import|url\(|src=\"http|href=\"http", page)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page


def test_links_to_sections_follow_the_warnings():
    page = to_page(BLOCKS, title="T")
    assert page.index("it loses") < page.index("<nav>") < page.index("1 &lt; 2")
    links = re.findall(r'<a href="#([^"]+)">', page)
    assert links == ["first-part", "second-part"]
    assert all(f'id="{link}"' in page for link in links)


def test_the_same_report_is_the_same_page():
    assert to_page(BLOCKS, title="T") == to_page(BLOCKS, title="T")
