"""The table that ends a run in the terminal."""

from __future__ import annotations

from typing import Literal

from rich import box
from rich.table import Table
from rich.text import Text as Plain

from voltherd.report.model import Case
from voltherd.report.render import labels

Language = Literal["en", "zh"]


def terminal_table(case: Case, language: Language = "en") -> Table:
    """Return the case's table, uncontrolled beside planned, with its badges in the title.

    Nothing of the case is read as Rich markup: names come from files of strangers.
    """
    words = {key: getattr(text, language) for key, text in labels().items()}
    title = Plain(getattr(case.title, language), style="bold")
    if case.synthetic:
        title.append("  ").append(f" {words['synthetic']} ", style="black on bright_magenta")
    if case.foreign_prices:
        title.append("  ").append(f" {words['foreign_prices']} ", style="black on yellow")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, caption_justify="left")
    table.add_column(Plain(words["quantity"]))
    table.add_column(Plain(words["uncontrolled"]), justify="right")
    table.add_column(Plain(words["plan"]), justify="right")
    table.add_column(Plain(words["unit"]), style="dim")
    for row in case.table:
        style = "bold" if row.strong else ""
        label, unit = getattr(row.label, language), getattr(row.unit, language)
        table.add_row(*(Plain(cell) for cell in (label, row.uncontrolled, row.plan, unit)), style=style)
    table.caption = Plain(f"{words['market_day']} {case.day.isoformat()}", style="dim")
    return table
