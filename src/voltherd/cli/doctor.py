"""`voltherd doctor`: find and explain what is wrong with this installation."""

from __future__ import annotations

from typing import Annotated

import typer


def run(
    warm: Annotated[bool, typer.Option("--warm", help="Compile the planner's kernels into the cache now.")] = False,
    journal: Annotated[
        str | None, typer.Option(help="Only this journal (a file, or postgresql://...): every hash is recomputed.")
    ] = None,
) -> None:
    """Find and explain what is wrong with this installation."""
    from voltherd.cli.checks import examine

    examine(warm=warm, journal=journal)
