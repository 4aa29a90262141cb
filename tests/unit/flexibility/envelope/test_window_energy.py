"""The energies of all windows are what linear programs say, for every kind of session and after any changes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.flexibility.envelope.window_oracle import window_energy
from tests.unit.flexibility.random_problems import random_fleet
from voltherd.domain.errors import InputError
from voltherd.flexibility.envelope.window_energy import Envelope, WindowEnergy, envelope
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.response import respond
from voltherd.twin import fleet_mix

T = 7


def fleet_of(seed: int, sessions: int = 6, *, lossless: bool = False, limited: bool = False) -> Fleet:
    rng = np.random.default_rng(seed)
    fleet = random_fleet(rng, sessions, T, lossless=lossless)
    limit = rng.choice([0.0, 2.0, 5.0, np.inf], sessions) if limited else fleet.max_discharge_kwh
    return replace(fleet, max_discharge_kwh=limit)


def summed_alone(fleet: Fleet) -> tuple[Floats, Floats]:
    largest, smallest = np.zeros((T + 1, T + 1)), np.zeros((T + 1, T + 1))
    for t1 in range(T):
        for t2 in range(t1 + 1, T + 1):
            for i in range(len(fleet)):
                largest[t1, t2] += window_energy(fleet, i, t1, t2, largest=True)
                smallest[t1, t2] += window_energy(fleet, i, t1, t2, largest=False)
    return largest, smallest


@given(st.integers(0, 2**31), st.booleans(), st.booleans())
@settings(max_examples=10, deadline=None)
def test_every_window_is_its_linear_program(seed: int, lossless: bool, limited: bool) -> None:
    fleet = fleet_of(seed, lossless=lossless, limited=limited)
    found = envelope(fleet, T)
    largest, smallest = summed_alone(fleet)
    assert found.largest_kwh == pytest.approx(largest, rel=0, abs=1e-9 * len(fleet))
    assert found.smallest_kwh == pytest.approx(smallest, rel=0, abs=1e-9 * len(fleet))


def test_single_sessions_to_the_ninth_digit() -> None:
    for seed in range(16):
        fleet = fleet_of(seed, 1, limited=seed % 2 == 0)
        found = envelope(fleet, T)
        largest, smallest = summed_alone(fleet)
        assert np.abs(found.largest_kwh - largest).max() <= 1e-9
        assert np.abs(found.smallest_kwh - smallest).max() <= 1e-9


def test_power_and_cumulative_energy_are_windows() -> None:
    fleet = fleet_of(3, 12)
    found = envelope(fleet, T)
    low, high = found.power_kw
    early, late = found.cumulative_kwh
    for t in range(T):
        assert high[t] * 0.25 == found.largest_kwh[t, t + 1]
        assert low[t] * 0.25 == found.smallest_kwh[t, t + 1]
        assert (early[t], late[t]) == (found.smallest_kwh[0, t], found.largest_kwh[0, t])
    assert found.intervals == T


@given(st.integers(0, 2**31), st.integers(0, T - 1), st.integers(1, T))
@settings(max_examples=40, deadline=None)
def test_no_plan_of_the_price_kernels_leaves_the_envelope(seed: int, first: int, n: int) -> None:
    fleet = fleet_of(seed, 9)
    end = min(first + n, T)
    price = np.zeros(T)
    found = envelope(fleet, T)
    for sign in (-1.0, 1.0):
        price[first:end] = sign
        # So high a wear that nothing is discharged for nothing, so high a shortfall price that no promise breaks.
        plan = respond(fleet, price, price, 0.0 if sign > 0 else 1e3, 1e6)
        energy = 0.25 * np.sum(
            plan.power_kw[(fleet.interval_index >= first) & (fleet.interval_index < end)],
        )
        assert found.smallest_kwh[first, end] - 1e-6 <= energy <= found.largest_kwh[first, end] + 1e-6
        if sign > 0:  # the kernels minimise the energy of the window: they reach the envelope
            assert energy == pytest.approx(found.smallest_kwh[first, end], abs=1e-6)


def same(one: Envelope, other: Envelope) -> bool:
    return np.array_equal(one.largest_kwh, other.largest_kwh) and np.array_equal(one.smallest_kwh, other.smallest_kwh)


@given(st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_updates_leave_no_trace(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = fleet_of(seed, 12, limited=True), fleet_of(seed + 1, 12, limited=True)
    changed = rng.permutation(12)[:5]
    kept = np.setdiff1d(np.arange(12), changed)
    windows = WindowEnergy(T)
    windows.add(before)
    windows.remove(before.take(changed))
    windows.add(after.take(changed))
    fresh = WindowEnergy(T)
    fresh.add(after.take(changed[::-1]))
    fresh.add(before.take(kept))
    assert same(windows.envelope(), fresh.envelope())
    windows.remove(after.take(changed))
    windows.remove(before.take(kept))
    assert not windows.envelope().largest_kwh.any()
    assert not windows.envelope().smallest_kwh.any()


@pytest.mark.parametrize("intervals", [96, 192])
def test_the_same_bits_for_any_number_of_threads_and_order(intervals: int) -> None:
    fleet = fleet_mix.random_fleet(5000, 4, intervals=intervals)
    one = envelope(fleet, intervals, threads=1)
    assert same(one, envelope(fleet, intervals, threads=3))
    assert same(one, envelope(fleet.take(np.random.default_rng(1).permutation(5000)), intervals, threads=2))


def test_windows_widen_and_split() -> None:
    fleet = fleet_mix.random_fleet(500, 5)
    found = envelope(fleet, 96)
    upper = np.triu(np.ones((97, 97), dtype=bool))
    assert (found.smallest_kwh <= found.largest_kwh + 1e-6)[upper].all()
    for middle in (20, 50, 77):  # what two windows can do together is no less than what their union can
        left, right = found.largest_kwh[:middle, middle], found.largest_kwh[middle, middle:]
        assert (found.largest_kwh[:middle, middle:] <= left[:, None] + right[None, :] + 1e-6).all()


def test_nobody_there() -> None:
    nobody = fleet_of(1).take(np.zeros(0, dtype=np.int64))
    assert not envelope(nobody, 4).largest_kwh.any()
    assert envelope(nobody, 1).power_kw[0].shape == (1,)


def test_what_cannot_be_summed_is_refused() -> None:
    fleet = fleet_of(1)
    with pytest.raises(InputError, match="outside of the horizon"):
        envelope(fleet, T - 6)
    with pytest.raises(InputError, match="cannot be summed"):
        envelope(replace(fleet, capacity_kwh=np.full(len(fleet), np.nan)), T)
    with pytest.raises(InputError, match="cannot be summed"):
        envelope(replace(fleet, charge_kw=np.full(len(fleet), 1e9)), T)
