"""The evidence pack: a folder of files, and a manifest by which anybody can check that none was changed."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import polars as pl

from voltherd import __version__
from voltherd.adapters.files.write import write_files
from voltherd.domain.errors import InputError
from voltherd.domain.tables import Ints
from voltherd.report.prequalification.case import page_of
from voltherd.report.prequalification.render import render
from voltherd.twin.prequalification.figures import Figures
from voltherd.twin.prequalification.trial import Outcome
from voltherd.twin.prequalification.verdict import Check, Verdict

MANIFEST = "manifest.json"


class FileHash(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the pack."""

    bytes: int
    sha256: str


class StreamHead(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a stream of the journal (docs/journal.md)."""

    sequence: int
    epoch: int
    hash: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a pack consists of."""

    voltherd: str
    files: dict[str, FileHash]
    sha256: str
    """Of the lines ``HASH  NAME`` of all files, by name, each ended by a line feed: as `sha256sum` writes them."""
    journal: dict[str, StreamHead]


def check_folder(folder: Path) -> None:
    """Refuse a target that is no folder, before the work.

    Raises
    ------
    InputError
        It is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("this is not a folder", source=f"--out {folder}", allowed="a folder")


def write_pack(outcome: Outcome, found: Figures, checked: Verdict, folder: Path) -> Manifest:
    """Write the pack into `folder`, which is made where there is none, and return its manifest.

    Raises
    ------
    VoltherdError
        The page cannot be made, or the files cannot be written.
    """
    contents = {
        "figures.json": _json({"figures": found, "checks": [_checked(check) for check in checked.checks]}),
        "unit.parquet": _parquet(_unit(outcome)),
        "stations.parquet": _parquet(_stations(outcome)),
        "instructions.parquet": _parquet(_instructions(outcome)),
        "report.html": render(page_of(outcome, found, checked)).encode(),
    }
    manifest = Manifest(
        voltherd=__version__,
        files={name: FileHash(bytes=len(body), sha256=sha256(body).hexdigest()) for name, body in contents.items()},
        sha256=overall(contents),
        journal={
            stream: StreamHead(sequence=head.sequence, epoch=head.epoch, hash=head.hash.hex())
            for stream, head in sorted(outcome.heads.items())
        },
    )
    contents[MANIFEST] = _json(manifest)
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_files({folder / name: partial(_write, body) for name, body in contents.items()})
    return manifest


def overall(contents: dict[str, bytes]) -> str:
    """Return one hash over the hashes of all files (`Manifest.sha256`)."""
    lines = (f"{sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents))
    return sha256("".join(lines).encode()).hexdigest()


def _write(body: bytes, file: BinaryIO) -> None:
    file.write(body)


def _checked(check: Check) -> dict[str, object]:
    return {**msgspec.structs.asdict(check), "passed": check.passed}


def _json(content: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content, order="deterministic"), indent=2) + b"\n"


def _parquet(frame: pl.DataFrame) -> bytes:
    file = BytesIO()
    frame.write_parquet(file, compression="zstd")
    return file.getvalue()


def _instants(at: Ints) -> pl.Series:
    return pl.Series("at", at).cast(pl.Datetime("us", "UTC"))


def _unit(outcome: Outcome) -> pl.DataFrame:
    return pl.DataFrame([_instants(outcome.power.at), pl.Series("power_w", outcome.power.power_w)])


def _stations(outcome: Outcome) -> pl.DataFrame:
    names = outcome.fleet.stations.station_id
    columns = [pl.Series(f"{name}_w", np.ascontiguousarray(outcome.gateway_w[:, k])) for k, name in enumerate(names)]
    return pl.DataFrame([_instants(outcome.gateway_at), *columns])


def _instructions(outcome: Outcome) -> pl.DataFrame:
    return pl.DataFrame([_instants(outcome.instructed_at), pl.Series("target_w", outcome.instructed_w)])
