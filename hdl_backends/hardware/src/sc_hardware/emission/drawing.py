"""Small drawings as SVG: lines, boxes and text, the same text for the same drawing."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

INK, PAPER, FAINT, ACCENT, FILL = "#1f2933", "#ffffff", "#cbd2d9", "#0b6e99", "#d6eaf3"
_FONT = "DejaVu Sans, Verdana, sans-serif"


class Drawing:
    """An SVG in the making; coordinates are pixels from the upper left corner.

    Parameters
    ----------
    width, height : float
    title : str
        What it shows, for those who cannot see it.

    Examples
    --------
    >>> drawing = Drawing(40, 20, "a box")
    >>> drawing.box(5, 5, 30, 10)
    >>> drawing.text(20, 12, "x < y", anchor="middle")
    >>> "x &lt; y" in drawing.svg()
    True
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        size = {"width": _number(width), "height": _number(height)}
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                **size,
                "viewBox": f"0 0 {_number(width)} {_number(height)}",
            },
        )
        ElementTree.SubElement(self._root, "title").text = title
        self.box(0, 0, width, height, fill=PAPER, stroke="none")

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "none",
        stroke: str = INK,
        round_: float = 0,
    ) -> None:
        """Draw a rectangle."""
        attributes = {"x": _number(x), "y": _number(y), "width": _number(width), "height": _number(height)}
        if round_:
            attributes["rx"] = _number(round_)
        ElementTree.SubElement(self._root, "rect", {**attributes, "fill": fill, "stroke": stroke})

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        stroke: str = INK,
        width: float = 1.2,
        arrow: bool = False,
    ) -> None:
        """Draw a line through points, with an arrow's head at its end where asked for."""
        text = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        ElementTree.SubElement(
            self._root,
            "polyline",
            {"points": text, "fill": "none", "stroke": stroke, "stroke-width": _number(width)},
        )
        if arrow:
            self._head(points[-2], points[-1], stroke)

    def _head(self, before: tuple[float, float], tip: tuple[float, float], colour: str) -> None:
        along = (tip[0] - before[0], tip[1] - before[1])
        length = (along[0] ** 2 + along[1] ** 2) ** 0.5
        x, y = along[0] / length, along[1] / length
        corners = [tip] + [
            (tip[0] - 7 * x - side * 3.5 * y, tip[1] - 7 * y + side * 3.5 * x) for side in (1, -1)
        ]
        text = " ".join(f"{_number(a)},{_number(b)}" for a, b in corners)
        ElementTree.SubElement(self._root, "polygon", {"points": text, "fill": colour})

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 11,
        anchor: str = "start",
        bold: bool = False,
        fill: str = INK,
    ) -> None:
        """Write words on the baseline y."""
        attributes = {"x": _number(x), "y": _number(y), "font-family": _FONT, "font-size": _number(size)}
        attributes |= {"text-anchor": anchor, "fill": fill}
        if bold:
            attributes["font-weight"] = "bold"
        ElementTree.SubElement(self._root, "text", attributes).text = words

    def svg(self) -> str:
        """Return the drawing as text."""
        ElementTree.indent(self._root, " ")
        return ElementTree.tostring(self._root, encoding="unicode") + "\n"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
