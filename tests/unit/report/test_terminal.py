"""The table in the terminal: what it shows, in both languages, with nothing read as markup."""

import io
from typing import Literal

import msgspec
import pytest
from rich.console import Console

from tests.unit.report.sample import sample
from voltherd.report.model import Case, Text
from voltherd.report.terminal import terminal_table


def shown(case: Case, language: Literal["en", "zh"] = "en") -> str:
    out = io.StringIO()
    Console(file=out, width=120, color_system=None).print(terminal_table(case, language))
    return out.getvalue()


@pytest.mark.parametrize("case", sample().cases, ids=lambda case: case.key)
def test_it_shows_every_row_and_the_badges(case: Case) -> None:
    text = shown(case)
    assert ("SYNTHETIC" in text) == case.synthetic
    assert ("FOREIGN PRICES" in text) == case.foreign_prices
    lines = text.splitlines()
    for row in case.table:
        line = next(line for line in lines if line.strip().startswith(row.label.en))
        assert line.split()[len(row.label.en.split()) :] == [
            word for word in (row.uncontrolled, row.plan, row.unit.en) if word
        ]


def test_it_speaks_chinese() -> None:
    text = shown(sample().cases[0], "zh")
    assert "境外电价" in text
    assert "无序充电" in text
    assert "收益" in text


def test_strangers_markup_is_shown_as_it_is() -> None:
    case = sample().cases[0]
    strange = Text("[red]station[/red] [/]", "[bold]站[/bold]")
    row = msgspec.structs.replace(case.table[0], label=strange, plan="[link=x]1[/link]")
    text = shown(msgspec.structs.replace(case, title=strange, table=[row]))
    assert text.count("[red]station[/red] [/]") == 2
    assert "[link=x]1[/link]" in text
