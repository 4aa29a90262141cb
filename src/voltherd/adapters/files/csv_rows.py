"""Rows of a CSV file, a block at a time, in bounded memory.

The dialect is RFC 4180 in UTF-8: commas, quotation marks around a cell that holds a comma, a quotation mark
(doubled) or a line break, LF or CRLF. A byte order mark and blank lines at the end are passed over; everything
else that does not fit is refused with its row. Where rows begin and end is found here, on the bytes; the cells
between are left to Polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from voltherd.domain.errors import InputError
from voltherd.domain.tables import Ints

BLOCK_BYTES = 1 << 24
"""What is read at once, and the most that one row may take [bytes]."""

_COMMA, _QUOTE, _LF, _CR = b',"\n\r'
_BLANK = b" \t\r\n"
_MARK = b"\xef\xbb\xbf"

_FOREIGN_STARTS = (
    (b"PAR1", "this is a Parquet file", "a Parquet file has the ending .parquet"),
    (b"\xff\xfe", "this is UTF-16", "UTF-8"),
    (b"\xfe\xff", "this is UTF-16", "UTF-8"),
    (b"\x1f\x8b", "this is compressed by gzip", "unpack it first"),
    (b"PK\x03\x04", "this is a ZIP archive or a spreadsheet", "save it as CSV in UTF-8"),
)


@dataclass(frozen=True, slots=True)
class CsvRows:
    """A CSV file, opened as often as its rows are asked for."""

    path: Path
    block_bytes: int = BLOCK_BYTES

    def header(self) -> list[str]:
        """Return the names of the columns.

        Raises
        ------
        InputError
            The file is empty or not CSV.
        """
        with self.path.open("rb") as file:
            return self._header(next(self._blocks(file), b""))[0]

    def frames(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the columns `names` of consecutive rows, all as text as it stands in the file.

        Raises
        ------
        InputError
            A row is not of the dialect; the rows before it have been yielded.
        """
        done = 0
        with self.path.open("rb") as file:
            blocks = self._blocks(file)
            first = next(blocks, b"")
            header, begin = self._header(first)
            for block in chain([first[begin:]], blocks):
                scan = _scan(block, len(header))
                if scan.rows:
                    yield self._frame(block[: int(scan.ends[scan.rows - 1])], header, names, done, scan.rows)
                done += scan.rows
                if scan.problem:
                    column = header[scan.cell] if 0 <= scan.cell < len(header) else None
                    raise InputError(
                        scan.problem, source=str(self.path), row=done + 1, column=column, allowed=scan.allowed
                    )

    def _blocks(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the file as blocks of whole rows, the first without its byte order mark.

        Each ends with LF outside of quotation marks, unless a row is too long or a quotation mark stays open:
        then such a block is the last.
        """
        rest = file.read(4)
        for start, problem, allowed in _FOREIGN_STARTS:
            if rest.startswith(start):
                raise InputError(problem, source=str(self.path), allowed=allowed)
        rest = rest.removeprefix(_MARK)
        while more := file.read(self.block_bytes):
            data = rest + more
            cut = _end_of_rows(data)
            if cut:
                yield data[:cut]
            elif len(data) > self.block_bytes:
                yield data
                return
            rest = data[cut:]
        if rest.strip(_BLANK):
            yield rest.rstrip(_BLANK) + b"\n"

    def _header(self, block: bytes) -> tuple[list[str], int]:
        """Return the names of the columns and where the next row begins."""
        if not block:
            raise InputError("the file is empty", source=str(self.path), allowed="a header row with column names")
        end = block.find(b"\n") + 1
        while end and block.count(b'"', 0, end) % 2:
            end = block.find(b"\n", end) + 1
        line = block[:end] if end else block
        scan = _scan(line, None)
        if scan.problem:
            raise InputError(f"the header: {scan.problem}", source=str(self.path), allowed=scan.allowed)
        if b"\r" in line.rstrip(_BLANK):
            raise InputError("lines end with CR alone", source=str(self.path), allowed="LF or CRLF")
        frame = pl.read_csv(line, has_header=False, infer_schema=False, raise_if_empty=False)
        names = [str(name or "").strip() for name in (frame.row(0) if len(frame) else [])]
        for mark, word in ((";", "semicolons"), ("\t", "tabs")):
            if len(names) == 1 and mark in names[0]:
                raise InputError(f"cells are separated by {word}", source=str(self.path), allowed="commas")
        return names, end

    def _frame(self, body: bytes, header: list[str], names: Sequence[str], done: int, rows: int) -> pl.DataFrame:
        # Names of ours for the columns: those of the file may be empty or hold anything.
        schema = {str(place): pl.String() for place in range(len(header))}
        chosen = [header.index(name) for name in names]
        broken = f"rows {done + 1} to {done + rows} are not CSV"
        try:
            frame = pl.read_csv(body, has_header=False, schema=schema, columns=sorted(chosen))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise InputError(f"{broken}: {str(error).splitlines()[0]}", source=str(self.path)) from error
        if len(frame) != rows:
            raise InputError(broken, source=str(self.path))
        return frame.select(pl.col(str(place)).alias(name) for place, name in zip(chosen, names, strict=True))


@dataclass(frozen=True, slots=True)
class _Scan:
    """Where the rows of a block end; only `rows` of them are sound, what comes next has `problem`."""

    ends: Ints
    rows: int
    problem: str = ""
    allowed: str | None = None
    cell: int = -1


def _end_of_rows(data: bytes) -> int:
    """Return the length of the whole rows in `data`, keeping back blank lines that may be the end of the file."""
    cut = data.rfind(b"\n", 0, len(data.rstrip(_BLANK)))
    quotes = data.count(b'"', 0, max(cut, 0))
    while quotes % 2:
        # A line break inside a quoted cell: go back to before the last quotation mark.
        back = data.rfind(b"\n", 0, data.rfind(b'"', 0, cut))
        quotes -= data.count(b'"', max(back, 0), cut)
        cut = back
    return cut + 1


def _scan(block: bytes, width: int | None) -> _Scan:
    """Find the ends of rows, and the first row that is not sound or has not `width` cells."""
    codes = np.frombuffer(block, dtype=np.uint8)
    separators = np.flatnonzero((codes == _COMMA) | (codes == _LF))
    quotes = np.flatnonzero(codes == _QUOTE) if b'"' in block else np.zeros(0, dtype=np.int64)
    if len(quotes):
        separators = separators[np.searchsorted(quotes, separators) % 2 == 0]
    newlines = np.flatnonzero(codes[separators] == _LF)
    ends = separators[newlines] + 1
    cells = np.diff(newlines, prepend=-1)
    faults: list[tuple[int, int, str, str]] = []

    def fault(position: int, problem: str, allowed: str) -> None:
        row = int(np.searchsorted(ends, position, side="right"))
        first = int(newlines[row - 1]) + 1 if row else 0
        faults.append((row, int(np.searchsorted(separators, position)) - first, problem, allowed))

    if (zero := block.find(b"\0")) >= 0:
        fault(zero, "a zero byte: this is not text", "CSV in UTF-8")
    if not block.isascii():
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as error:
            fault(error.start, "not UTF-8", "CSV in UTF-8 (not GBK, GB 18030 or Latin-1)")
    if (loose := _loose_quote(codes, quotes)) >= 0:
        fault(loose, "a quotation mark inside a cell", 'such a cell in quotation marks, with "" for each mark in it')
    sound = int(ends[-1]) if len(ends) else 0
    if sound < len(block) and len(quotes) % 2:
        fault(int(quotes[-1]), "a quotation mark is not closed", "quotation marks in pairs")
    elif sound < len(block):
        faults.append((len(ends), -1, f"a row of more than {len(block) - sound:,} bytes", "shorter rows"))
    if width is not None and (ragged := np.flatnonzero(cells != width)).size:
        row = int(ragged[0])
        problem = f"the row has {cells[row]} cell{'s' * int(cells[row] != 1)}, the header has {width}"
        faults.append((row, -1, problem, "as many cells as in the header; one that holds a comma in quotation marks"))
    if not faults:
        return _Scan(ends, len(ends))
    row, cell, problem, allowed = min(faults, key=lambda found: found[0])
    return _Scan(ends, row, problem, allowed, cell)


def _loose_quote(codes: np.ndarray[tuple[int], np.dtype[np.uint8]], quotes: Ints) -> int:
    """Return the position of the first quotation mark in the wrong place, or -1.

    One that opens stands at the start of a cell; one that closes at its end. A doubled one closes and opens.
    """
    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening > 0, codes[opening - 1], _LF)
    after = codes[np.minimum(closing + 1, len(codes) - 1)]
    wrong = np.concatenate(
        [
            opening[~np.isin(before, (_COMMA, _LF, _QUOTE))],
            closing[~np.isin(after, (_COMMA, _LF, _CR, _QUOTE))],
        ]
    )
    return int(wrong.min()) if wrong.size else -1
