"""The report's page: a template and what fills it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import jinja2

from sc_plugin_report.figures import Picture


def render(
    title: str,
    last_values: Mapping[str, tuple[int, float]],
    figures: Sequence[Picture],
    configuration: str | None,
) -> str:
    """Return the page.

    Parameters
    ----------
    title : str
    last_values : mapping of str to (int, float)
        The step and value of each metric when it was last logged.
    figures : sequence of Picture
    configuration : str or None
        The text of the run's configuration.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sc_plugin_report", ""), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("report.html.jinja").render(
        title=title,
        last_values=last_values,
        figures=[(figure.title, base64.b64encode(figure.png).decode()) for figure in figures],
        configuration=configuration,
    )
