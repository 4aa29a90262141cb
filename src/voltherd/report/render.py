"""The report as one page: a self-contained HTML file that asks nothing of the outside."""

from __future__ import annotations

import os
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import msgspec

from voltherd.domain.errors import InputError
from voltherd.report.charts_library import charts_script
from voltherd.report.model import DayReport, Text

PAGE = files("voltherd.report") / "page"

STYLES = ("tokens.css", "layout.css", "parts.css", "print.css")
"""Style sheets in the order in which they stand in the page."""

SCRIPTS = (
    "text.js",
    "dom.js",
    "theme.js",
    "legend.js",
    "tooltip.js",
    "chart.js",
    "chart_power.js",
    "chart_shift.js",
    "chart_energy.js",
    "chart_promises.js",
    "chart_map.js",
    "station_list.js",
    "tables.js",
    "case.js",
    "page.js",
)
"""Scripts in the order in which they stand in the page, one module together."""


def labels() -> dict[str, Text]:
    """Return the page's own words by key, each in both languages."""
    return msgspec.json.decode((PAGE / "labels.json").read_bytes(), type=dict[str, Text])


def render(report: DayReport) -> str:
    """Return the report as an HTML page.

    Data enter the page as JSON only and become text nodes or canvas text there, never markup.

    Raises
    ------
    VoltherdError
        The charts library is missing or has an unknown shape.
    """
    return Template(_part("page.html")).substitute(
        title=escape(report.title.en),
        style=_joined(STYLES),
        data=_embedded(report),
        labels=_embedded(labels()),
        charts=charts_script(),
        script=_joined(SCRIPTS),
    )


def write_report(report: DayReport, path: Path) -> None:
    """Write the page to `path`, whole or not at all.

    Raises
    ------
    InputError
        The file cannot be written there.
    VoltherdError
        As in `render`.
    """
    page = render(report)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_text(page, encoding="utf-8", newline="\n")
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise InputError(f"the report cannot be written: {error.strerror}", source=str(path)) from error


def _part(name: str) -> str:
    return (PAGE / name).read_text("utf-8")


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join(_part(name) for name in names)


def _embedded(data: DayReport | dict[str, Text]) -> str:
    """Return JSON that cannot end the script element it stands in; a number that is none becomes null."""
    return msgspec.json.encode(data).decode().replace("<", "\\u003c")
