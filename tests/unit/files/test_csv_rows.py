"""The rows of a CSV file, against the standard library's reader, in blocks of any size."""

import csv
import io
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltherd.adapters.files.csv_rows import CsvRows
from voltherd.domain.errors import InputError

CELLS = st.text(st.sampled_from('ab1, "\n桩é\t'), max_size=6)


def read(data: bytes, block_bytes: int = 1 << 16) -> tuple[list[str], list[tuple[str, ...]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(data)
        rows = CsvRows(path, block_bytes)
        header = list(dict.fromkeys(rows.header()))
        frames = list(rows.frames(header))
    return header, [tuple(cell or "" for cell in row) for frame in frames for row in frame.rows()]


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    block_bytes=st.integers(70, 200),
    tail=st.sampled_from(["", "\n", "\r\n\r\n", "\n \n"]),
    mark=st.booleans(),
)
def test_agrees_with_the_standard_library(
    rows: list[tuple[str, str, str]], end: str, quoting: int, block_bytes: int, tail: str, mark: bool
) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator=end, quoting=quoting).writerows([("a", "b", "c"), *rows])  # type: ignore[arg-type]
    text = out.getvalue() + tail
    header, got = read((b"\xef\xbb\xbf" if mark else b"") + text.encode(), block_bytes)
    assert header == ["a", "b", "c"]
    # Spaces around a cell are not part of it.
    assert [[cell.strip() for cell in row] for row in got] == [[cell.strip() for cell in row] for row in rows]


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(max_size=200) | st.text('a,"\n\r 桩', max_size=60).map(str.encode),
    block_bytes=st.integers(20, 300),
)
def test_any_bytes_are_rows_or_refused(data: bytes, block_bytes: int) -> None:
    with suppress(InputError):
        header, rows = read(data, block_bytes)
        assert header
        assert all(len(row) == len(header) for row in rows)


@pytest.mark.parametrize(
    ("text", "row", "column", "problem"),
    [
        (b"a,b\n1,2\n3\n", 2, None, "the row has 1 cell, the header has 2"),
        (b"a,b\n1,2,3\n", 1, None, "the row has 3 cells, the header has 2"),
        (b"a,b\n1,2\n\n3,4\n", 2, None, "the row has 1 cell, the header has 2"),
        (b'a,b\n1,2\n3,5" pile\n', 2, "b", "a quotation mark inside a cell"),
        (b'a,b\n1,2\n"x"y,1\n', 2, "a", "a quotation mark inside a cell"),
        (b'a,b\n1,2\n1, "x"\n', 2, "b", "a quotation mark inside a cell"),
        (b'a,b\n1,"x\n3,4\n5,6\n', 1, "b", "a quotation mark is not closed"),
        (b"a,b\n1,2\n1,\xcc\xec\n", 2, "b", "not UTF-8"),
        (b"a,b\n1,\xcc\xec\n3\n", 1, "b", "not UTF-8"),
        (b"a,b\n1,2\n3,\x00\n", 2, "b", "a zero byte: this is not text"),
        (b"a,b\n" + b"1," + b"2" * 300 + b"\n", 1, None, "a row of more than"),
    ],
)
@pytest.mark.parametrize("block_bytes", [64, 1 << 20])
def test_where_rows_are_not_sound(text: bytes, row: int, column: str | None, problem: str, block_bytes: int) -> None:
    if "more than" in problem and block_bytes > 64:
        return
    with pytest.raises(InputError) as refused:
        read(text, block_bytes)
    assert refused.value.problem.startswith(problem)
    assert (refused.value.row, refused.value.column) == (row, column)


def test_rows_before_an_unsound_one_are_yielded(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n5\n")
    frames = CsvRows(path).frames(["b"])
    assert next(frames).rows() == [("2",), ("4",)]
    with pytest.raises(InputError):
        next(frames)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        ("a,b\n1,2\n".encode("utf-16"), "this is UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), "the header: a zero byte: this is not text"),
        ("天,河\n1,2\n".encode("gbk"), "the header: not UTF-8"),
        (b"PAR1rest", "this is a Parquet file"),
        (b"\x1f\x8b\x08rest", "this is compressed by gzip"),
        (b"a;b\n1;2\n", "cells are separated by semicolons"),
        (b"a\tb\n1\t2\n", "cells are separated by tabs"),
        (b"a,b\r1,2\r", "lines end with CR alone"),
        (b'a,"b\n1,2\n', "the header: a quotation mark is not closed"),
    ],
)
def test_what_is_not_csv_at_all(text: bytes, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        read(text)
    assert refused.value.problem == problem
    assert refused.value.allowed


def test_header_cells_may_be_quoted_and_hold_line_breaks() -> None:
    assert read(b' a ,"b\nc","d,""e"""\n1,2,3\n') == (["a", "b\nc", 'd,"e"'], [("1", "2", "3")])
