"""Figures as a reader finds them: texts and marks in an SVG."""

import re
import xml.etree.ElementTree as ET

from simmer.figures.style import to_svg


class Picture:
    """A figure as SVG: its texts and the marks in it."""

    def __init__(self, figure):
        self.svg = to_svg(figure).decode()
        self.tree = ET.fromstring(self.svg)

    @property
    def texts(self):
        return [element.text for element in self.tree.iter("{http://www.w3.org/2000/svg}text")]

    @property
    def prose(self):
        """All texts in one, as wrapped sentences are read."""
        return " ".join(text for text in self.texts if text)

    def has(self, name):
        return f'id="{name}"' in self.svg

    def marks(self, pattern):
        """Return the ids that match a pattern; each mark has one of its own."""
        names = re.findall(rf'id="({pattern})"', self.svg)
        assert len(names) == len(set(names))
        return names
