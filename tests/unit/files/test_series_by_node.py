"""Tables with a series for each clearing node: whatever their order, rows of a node follow each other."""

from pathlib import Path

import pytest

from tests.unit.files.samples import RESERVE, SERIES, Sample
from voltherd.adapters.files.series import read_limit, read_position, read_reserve
from voltherd.domain.errors import InputError
from voltherd.domain.interval import Horizon
from voltherd.domain.series import align, of_node

NODES = ("north", "south")


def both(sample: Sample, *, interleaved: bool) -> Sample:
    """The rows of a sample for two nodes, the second's powers one higher."""
    first = [(*row, "north") for row in sample.rows]
    second = [(row[0], *(str(float(cell) + 1) for cell in row[1:]), "south") for row in sample.rows]
    rows = [row for pair in zip(first, second, strict=True) for row in pair] if interleaved else first + second
    return Sample((*sample.header, "node"), tuple(rows))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("interleaved", [True, False])
def test_each_node_has_its_own_series(ending: str, interleaved: bool, tmp_path: Path) -> None:
    path = both(SERIES, interleaved=interleaved).save(tmp_path / f"b.{ending}")
    position = read_position(path, NODES)
    assert position.node is not None
    for node, power in zip(NODES, (-100, -99), strict=True):
        own = of_node(position, node)
        assert own.node is None
        assert align(own, Horizon(int(own.start[0]), 12)).power_kw.tolist() == [power] * 12
    assert of_node(read_limit(path, NODES), "south").power_kw.tolist() == [-99] * 12
    reserve = read_reserve(both(RESERVE, interleaved=interleaved).save(tmp_path / f"r.{ending}"), NODES)
    assert of_node(reserve, "south").up_kw.tolist() == [101] * 12
    assert of_node(reserve, "south").down_kw.tolist() == [51] * 12


def test_without_the_column_a_series_is_for_everything(tmp_path: Path) -> None:
    assert read_position(SERIES.save(tmp_path / "b.csv"), NODES).node is None


def test_an_unknown_node_is_refused(tmp_path: Path) -> None:
    path = both(SERIES, interleaved=True).with_cell(5, "node", "suoth").save(tmp_path / "l.csv")
    with pytest.raises(InputError) as refused:
        read_limit(path, NODES)
    error = refused.value
    assert (error.row, error.column, error.value) == (6, "node", "suoth")
    assert "'north', 'south'" in str(error.allowed)


@pytest.mark.parametrize(
    ("row", "start", "problem"),
    [
        (4, "2026-07-15T00:15:00+08:00", "row 3 is for the same interval of this node"),
        (5, "2026-07-15T00:45:00+08:00", "30 minutes later than row 4, the row before of this node"),
        (6, "2026-07-15T00:00:00+08:00", "30 minutes earlier than row 5, the row before of this node"),
    ],
)
def test_rows_of_a_node_follow_each_other(row: int, start: str, problem: str, tmp_path: Path) -> None:
    spoilt = both(SERIES, interleaved=True).with_cell(row, "start", start)
    with pytest.raises(InputError) as refused:
        read_position(spoilt.save(tmp_path / "b.csv"), NODES)
    assert (refused.value.row, refused.value.column, refused.value.problem) == (row + 1, "start", problem)


def test_a_limit_may_leave_hours_out_but_not_go_back(tmp_path: Path) -> None:
    rows = both(SERIES, interleaved=False).rows
    gaps = Sample(("start", "power_kw", "node"), rows[:2] + rows[5:])
    assert len(of_node(read_limit(gaps.save(tmp_path / "l.csv"), NODES), "north").start) == 9
    back = Sample(gaps.header, (*gaps.rows, rows[3]))
    with pytest.raises(InputError, match="column start") as refused:
        read_limit(back.save(tmp_path / "l.csv"), NODES)
    assert refused.value.row == len(back.rows)


def test_a_node_without_a_position_is_named(tmp_path: Path) -> None:
    position = read_position(both(SERIES, interleaved=True).save(tmp_path / "b.csv"))
    with pytest.raises(InputError, match=r"b\.csv, node 'east'"):
        align(of_node(position, "east"), Horizon(0, 1))


def test_no_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the table has no rows"):
        read_position(Sample(("start", "power_kw", "node"), ()).save(tmp_path / "b.csv"), NODES)
