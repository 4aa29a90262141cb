"""What was looked at, how it stands, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import typer


class State(StrEnum):
    """How a finding stands."""

    GOOD = "good"
    NOTE = "note"
    """Works, and could be better."""
    BAD = "BAD"
    """Something will not work."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    state: State
    what: str
    found: str
    advice: str = ""


def tell(findings: Iterable[Finding]) -> None:
    """Print findings as they come; end with exit status 1 where something is bad."""
    bad = False
    for finding in findings:
        typer.echo(f"{finding.state:<5} {finding.what}: {finding.found}")
        if finding.advice:
            typer.echo(f"      -> {finding.advice}")
        bad = bad or finding.state is State.BAD
    if bad:
        raise typer.Exit(1)
