"""Rows of a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from voltherd.domain.errors import InputError

_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """A Parquet file, read in slices of `slice_rows`."""

    path: Path
    slice_rows: int = 1 << 20

    def header(self) -> list[str]:
        """Return the names of the columns.

        Raises
        ------
        InputError
            The file is not Parquet, or not all of it is there.
        """
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = file.read(len(_MAGIC))
            file.seek(-min(size, len(_MAGIC)), os.SEEK_END)
            end = file.read()
        if not size:
            raise InputError("the file is empty", source=str(self.path), allowed="a Parquet file")
        if start != _MAGIC:
            raise InputError("this is not a Parquet file", source=str(self.path), allowed="a CSV file ends in .csv")
        if end != _MAGIC or size < 12:
            raise InputError("the Parquet file is cut short", source=str(self.path), allowed="a whole Parquet file")
        with self._readable():
            return [name.strip() for name in self._scan().collect_schema()]

    def frames(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the columns `names` of consecutive rows, in the types of the file.

        Raises
        ------
        InputError
            The file is damaged.
        """
        with self._readable():
            stored = {name.strip(): name for name in self._scan().collect_schema()}
        done = 0
        while True:
            with self._readable():
                rows = self._scan().select(pl.col(stored[name]).alias(name) for name in names)
                frame = rows.slice(done, self.slice_rows).collect()
            yield frame
            if len(frame) < self.slice_rows:
                return
            done += len(frame)

    def _scan(self) -> pl.LazyFrame:
        # A file is one file: brackets and equal signs in its path are just letters.
        return pl.scan_parquet(self.path, glob=False, hive_partitioning=False)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise InputError(
                f"the Parquet file is damaged: {str(error).splitlines()[0][:200]}", source=str(self.path)
            ) from error
