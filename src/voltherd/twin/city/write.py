"""A city as a folder of files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from voltherd.adapters.files.outputs import write_prices, write_sessions, write_stations, write_table
from voltherd.domain.errors import InputError, VoltherdError
from voltherd.domain.tables import PriceTable
from voltherd.twin.city.districts import DISTRICTS
from voltherd.twin.city.manifest import manifest
from voltherd.twin.city.model import ORIGIN, City, PileTable
from voltherd.twin.city.vehicles import VehicleClass

STATIONS = "stations.csv"
PILES = "piles.parquet"
SLOTS = "slots.parquet"
SESSIONS = "sessions.parquet"
PRICES = "prices.csv"
MANIFEST = "city.json"
FILES = (STATIONS, PILES, SLOTS, SESSIONS, PRICES, MANIFEST)


def check_folder(folder: Path, *, force: bool = False) -> None:
    """Refuse a folder that a city cannot be written to.

    Raises
    ------
    InputError
        It is a file, its parent does not exist, or it holds something and `force` is not given.
    """
    source = f"--out {folder}"
    if folder.exists() and not folder.is_dir():
        raise InputError("this is not a folder", source=source, allowed="a new or an empty folder")
    if not folder.resolve().parent.is_dir():
        raise InputError("there is no folder to make it in", source=source, allowed="a folder in an existing one")
    if folder.is_dir() and not force and any(folder.iterdir()):
        raise InputError("the folder is not empty", source=source, allowed="an empty folder, or --force")


def write(city: City, folder: Path, prices: PriceTable | None = None, *, force: bool = False) -> None:
    """Write a city to `folder`, all of it or nothing.

    The files are made in a folder beside it, which then takes its name. With `force` the files of a city in a
    folder that holds other things are replaced one by one; the other things stay.

    Parameters
    ----------
    prices
        Written as ``prices.csv``; None: no such file.

    Raises
    ------
    InputError
        As `check_folder`.
    VoltherdError
        The writing failed.
    """
    check_folder(folder, force=force)
    target = folder.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)  # left by a process of the same number that died
        part.mkdir()
        _write_tables(city, part, prices)
        (part / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest(city)), indent=2) + b"\n")
        if target.is_dir() and any(target.iterdir()):
            for name in FILES:
                if (part / name).exists():
                    (part / name).replace(target / name)
                else:
                    (target / name).unlink(missing_ok=True)
        else:
            part.replace(target)
    except OSError as error:
        raise VoltherdError(f"{folder}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_tables(city: City, folder: Path, prices: PriceTable | None) -> None:
    piles, slots = city.piles, city.slots
    standing = city.registry
    area = [DISTRICTS[d] for d in standing.district.tolist()]
    write_stations(
        folder / STATIONS,
        city.stations,
        pl.DataFrame(
            {
                "name_zh": standing.name_zh,
                "district_zh": [district.name_zh for district in area],
                "district_code": [district.code for district in area],
                "station_type": standing.station_type,
                "piles": np.bincount(piles.station, minlength=len(area)),
                "v2g_piles": np.bincount(piles.station[piles.discharge_kw > 0], minlength=len(area)),
                "slots": np.bincount(slots.station, minlength=len(area)),
            }
        ).with_columns(_origin()),
    )
    write_table(folder / PILES, _piles(city, piles))
    write_table(folder / SLOTS, _piles(city, slots))
    pile_id = pl.Series("pile_id", [*piles.pile_id, *slots.pile_id])
    classes = pl.Series("vehicle_class", [vehicle.name.lower() for vehicle in VehicleClass])
    write_sessions(
        folder / SESSIONS,
        city.sessions,
        pl.DataFrame([pile_id.gather(city.session_pile), classes.gather(city.session_vehicle)]).with_columns(_origin()),
    )
    if prices is not None:
        # a price is not synthetic because the city is: its rows name their own origin
        origin = pl.DataFrame({"origin": [prices.source] * len(prices.start)})
        write_prices(folder / PRICES, prices, origin)


def _piles(city: City, piles: PileTable) -> pl.DataFrame:
    return pl.DataFrame(
        [
            pl.Series("pile_id", piles.pile_id),
            pl.Series("station_id", city.stations.station_id).gather(piles.station),
            pl.Series("charge_kw", piles.charge_kw),
            pl.Series("discharge_kw", piles.discharge_kw),
            pl.Series("v2g_recognised", piles.v2g_recognised),
        ]
    ).with_columns(_origin())


def _origin() -> pl.Expr:
    return pl.lit(ORIGIN).alias("origin")
