"""The page of a pre-qualification as one self-contained HTML file."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

import msgspec

from voltherd.report.charts_library import charts_script
from voltherd.report.model import Text
from voltherd.report.prequalification.model import Page
from voltherd.report.render import PAGE, STYLES

OWN = files("voltherd.report") / "prequalification" / "page"
SHARED_SCRIPTS = ("text.js", "dom.js", "theme.js", "legend.js", "tooltip.js", "chart.js")
"""Scripts of the day's report that this page stands on."""
OWN_SCRIPTS = ("curves.js", "indices.js", "steps.js", "checks.js", "page.js")
OWN_STYLES = ("checks.css",)


def labels() -> dict[str, Text]:
    """Return the page's own words by key, each in both languages."""
    return msgspec.json.decode((OWN / "labels.json").read_bytes(), type=dict[str, Text])


def render(page: Page) -> str:
    """Return the page; data enter it as JSON only.

    Raises
    ------
    VoltherdError
        The charts library is missing or has an unknown shape.
    """
    styles = [(PAGE / name).read_text("utf-8") for name in STYLES]
    styles += [(OWN / name).read_text("utf-8") for name in OWN_STYLES]
    scripts = [(PAGE / name).read_text("utf-8") for name in SHARED_SCRIPTS]
    scripts += [(OWN / name).read_text("utf-8") for name in OWN_SCRIPTS]
    return Template((PAGE / "page.html").read_text("utf-8")).substitute(
        title=escape(page.title.en),
        style="\n".join(styles),
        data=_embedded(page),
        labels=_embedded(labels()),
        charts=charts_script(),
        script="\n".join(scripts),
    )


def _embedded(data: Page | dict[str, Text]) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return msgspec.json.encode(data).decode().replace("<", "\\u003c")
