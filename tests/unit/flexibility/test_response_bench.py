"""The benchmark measures what it says, on fleets that are what they should be."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from voltherd.cli import bench, bench_netting, bench_response
from voltherd.cli.bench_clock import Times, total
from voltherd.domain.errors import InputError
from voltherd.flexibility.fleet import Fleet
from voltherd.twin.fleet_mix import INTERVALS, random_fleet, random_price


def same(one: Fleet, other: Fleet) -> bool:
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(Fleet))


@pytest.mark.parametrize("intervals", [96, 192])
def test_a_random_fleet_keeps_what_a_fleet_guarantees(intervals: int) -> None:
    fleet = random_fleet(3000, 7, intervals=intervals)
    assert np.all(np.diff(fleet.station) >= 0)
    assert np.all(fleet.start >= 0)
    assert np.all(fleet.length >= 1)
    assert np.all(fleet.start + fleet.length <= intervals)
    assert np.all((fleet.first_part > 0) & (fleet.first_part <= 1))
    assert np.all((fleet.last_part > 0) & (fleet.last_part <= 1))
    assert np.all((fleet.floor_kwh <= fleet.arrival_kwh) & (fleet.arrival_kwh <= fleet.capacity_kwh))
    assert np.all((fleet.floor_kwh <= fleet.departure_kwh) & (fleet.departure_kwh <= fleet.capacity_kwh))
    assert np.all(fleet.departure_kwh <= np.maximum(fleet.reachable_kwh(), fleet.floor_kwh) + 1e-9)
    two_way = np.mean(fleet.discharge_kw > 0)
    assert 0.03 < two_way < 0.07
    assert 0.10 < np.mean(fleet.charge_kw == 7.0) < 0.20
    assert (fleet.start.max() > 96) == (intervals > 96)


def test_the_same_seed_gives_the_same_fleet() -> None:
    assert same(random_fleet(500, 3), random_fleet(500, 3))
    assert not same(random_fleet(500, 3), random_fleet(500, 4))
    assert np.array_equal(random_price(3), random_price(3))
    assert len(random_price(3)) == INTERVALS


def test_the_rivals_agree() -> None:
    for case in (bench_response, bench_netting):
        size = 250 if case is bench_response else 4
        rows = list(case.measure(size, 2))
        assert [row.is_baseline for row in rows] == [True] + [False] * (len(rows) - 1)
        for row in rows[1:]:
            assert row.difference is not None
            assert abs(row.difference) <= 1e-9
            assert row.times.wall > 0.0


def test_the_ratio_is_that_of_the_lesser_times() -> None:
    rows = [
        bench.Measurement("rival", 1000, "none", Times(8.0, 4.0, 8.0), None, 100.0, is_baseline=True),
        bench.Measurement("ours", 1000, "none", Times(0.02, 0.03, 0.05), -1e-12, 50.0),
    ]
    lines = bench.markdown(rows)
    assert len({len(line) for line in lines}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[3] == ["ours", "1,000", "none", "0.0200", "0.0500", "0.0300", "200.0", "-1.0e-12", "50"]
    assert cells[2][6] == "baseline"


def test_total_adds_up() -> None:
    assert total([Times(1.0, 0.5, 1.0), Times(2.0, 1.5, 2.0)]) == Times(3.0, 2.0, 3.0)


def test_an_unknown_case_is_refused() -> None:
    with pytest.raises(InputError, match=r"--case, value 'speed': no such case; allowed: response, netting, journal"):
        bench.run(sessions=None, case=["speed"], repeats=1, out=None)
