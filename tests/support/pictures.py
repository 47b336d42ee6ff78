"""Texts and marks in the SVG of a figure."""

import re
import xml.etree.ElementTree as ET

from matplotlib.backends.backend_agg import FigureCanvasAgg

from simmer.figures.style import SMALL, to_svg


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
        """All texts joined, so that wrapped sentences are whole."""
        return " ".join(text for text in self.texts if text)

    def has(self, name):
        return f'id="{name}"' in self.svg

    def marks(self, pattern):
        """Return the ids that match a pattern; they must be unique."""
        names = re.findall(rf'id="({pattern})"', self.svg)
        assert len(names) == len(set(names))
        return names


def require_readable(figure):
    """Refuse a figure with a text that is cut off or too small for a phone."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    page = figure.bbox
    for text in _texts_of(figure):
        box = text.get_window_extent(renderer)
        assert page.x0 <= box.x0 and box.x1 <= page.x1, text.get_text()
        assert page.y0 <= box.y0 and box.y1 <= page.y1, text.get_text()
        assert text.get_fontsize() >= SMALL, text.get_text()


def _texts_of(figure):
    yield from figure.texts
    for legend in figure.legends:
        yield from legend.get_texts()
    for axes in figure.axes:
        if axes.axison:
            yield from (axes.xaxis.label, axes.yaxis.label)
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                shown = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
                yield from (tick.label1 for tick in shown)
        yield from (text for text in axes.texts if text.get_text())
