"""The benchmark's rival computes the same windows."""

from voltherd.cli import bench_envelope


def test_the_rivals_agree() -> None:
    rows = list(bench_envelope.measure(400, 2))
    assert [row.is_baseline for row in rows] == [True] + [False] * (len(rows) - 1)
    compared = [row for row in rows if row.difference is not None]
    assert len(compared) == 3
    assert all(row.difference is not None and row.difference < 1e-12 for row in compared)
