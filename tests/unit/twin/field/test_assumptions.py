from dataclasses import fields, replace
from importlib.resources import files

import numpy as np
import pytest

from tests.unit.twin.field.small_field import Car, field, stations, table
from voltherd.domain.errors import InputError
from voltherd.twin.field.assumptions import read_assumptions
from voltherd.twin.field.equipment import PileKind
from voltherd.twin.field.pile_finding import find_piles
from voltherd.twin.field.stating import stays_from


def test_every_section_names_its_source() -> None:
    given = read_assumptions()
    sections = [given.departure, given.vehicle, given.meter, given.station, given.swap, *given.piles.each]
    assert all(len(section.source) > 10 for section in sections)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("wrong_share = 0.25", "wrong_share = 1.25"),
        ("wrong_share = 0.25", "right_share = 0.25"),
        ("taper_soc = [0.0, 0.10", "taper_soc = [0.10, 0.0"),
        ("jitter_s = [-120.0, 120.0]", "jitter_s = [120.0, -120.0]"),
        ("version = 1", ""),
    ],
)
def test_assumptions_that_make_no_sense_are_refused(tmp_path, old, new) -> None:
    text = (files("voltherd.twin.field") / "assumptions.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "assumptions.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=r"assumptions\.toml"):
        read_assumptions(path)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        read_assumptions(tmp_path / "nowhere.toml")


def test_truth_and_statement_part_by_as_much_as_assumed() -> None:
    cars = [Car(pile=k, discharge_kw=0.0, charge_kw=7.0) for k in range(2000)]
    stays = field(*cars, assumptions=read_assumptions()).field.stays
    assert 0.05 < stays.reports.mean() < 0.15
    error = (stays.arrival_wh - stays.true_arrival_wh) / stays.capacity_wh
    assert np.abs(error[stays.reports]).max() == 0.0
    assert 0.03 < np.abs(error).max() <= 0.04 + 1e-9
    assert 0.93 <= (stays.true_capacity_wh / stays.capacity_wh).min() < 0.94
    assert (stays.true_charge_efficiency <= 0.995).all()


def test_a_stay_does_not_depend_on_which_others_there_are() -> None:
    cars = [Car(pile=k) for k in range(50)]
    given = read_assumptions()
    sessions = table(cars, ("S0",) * 50)
    piles = find_piles(sessions, stations())[0]
    rows = np.arange(50)
    whole = stays_from(sessions, 5, given, piles, rows)
    part = replace(
        sessions,
        **{
            one.name: (
                getattr(sessions, one.name)[20:30]
                if isinstance(getattr(sessions, one.name), tuple)
                else getattr(sessions, one.name)[20:30].copy()
            )
            for one in fields(sessions)
        },
    )
    some = stays_from(part, 5, given, piles, rows[20:30])
    again = whole.take(np.arange(20, 30))
    for one in fields(some):
        assert np.array_equal(getattr(some, one.name), getattr(again, one.name)), one.name


def test_two_at_one_pile_are_refused() -> None:
    with pytest.raises(InputError, match="car-0 and car-1"):
        field(Car(departure=3.0), Car(arrival=2.0, departure=4.0))


def test_piles_are_found_for_sessions_without_one() -> None:
    cars = [
        Car(arrival=0.0, departure=2.0, discharge_kw=0.0, charge_kw=7.0),
        Car(arrival=1.0, departure=3.0, discharge_kw=0.0, charge_kw=60.0),
        Car(arrival=2.0, departure=4.0, discharge_kw=0.0, charge_kw=30.0),
        Car(arrival=0.0, departure=4.0),
        Car(arrival=0.5, departure=4.0, discharge_kw=0.0),
    ]
    piles, row = find_piles(table(cars, ("S1", "S1", "S1", "S1", "S0")), stations(2))
    assert row[0] == row[2]
    assert len(set(row.tolist())) == 4
    assert piles.station[row].tolist() == [1, 1, 1, 1, 0]
    assert piles.station.tolist() == sorted(piles.station.tolist())
    assert piles.charge_kw[row[0]] == 30.0
    assert piles.discharge_kw[row].tolist() == [0.0, 0.0, 0.0, 15.0, 0.0]
    assert len(set(piles.pile_id)) == 4


def test_equipment_is_drawn_within_its_ranges() -> None:
    cars = [Car(pile=k, charge_kw=(7.0, 60.0)[k % 2], discharge_kw=0.0) for k in range(400)]
    driven = field(*cars, assumptions=read_assumptions())
    built, given = driven.field.equipment, read_assumptions()
    slow = built.kind == PileKind.AC
    assert slow.sum() == 200
    assert given.piles.ac.latency_s[0] * 1e6 <= built.latency_us[slow].min()
    assert built.latency_us[slow].max() <= given.piles.ac.latency_s[1] * 1e6
    assert built.latency_us[~slow].max() <= given.piles.dc.latency_s[1] * 1e6
    assert len(set(built.latency_us.tolist())) > 350
    assert set(built.meter_resolution_wh.tolist()) == {1.0, 10.0, 100.0}
    assert np.abs(built.meter_gain - 1.0).max() <= 0.01


def test_nothing_is_drawn_where_everything_is_as_announced() -> None:
    cars = [Car(pile=k) for k in range(20)]
    one, two = field(*cars, seed=1), field(*cars, seed=2)
    for driven in (one, two):
        driven.order(1.0, *([7.3] * 20))
        driven.to(2.0)
    assert np.array_equal(one.field.truth.battery_wh, two.field.truth.battery_wh)
    assert np.array_equal(one.field.stays.true_departure, one.field.stays.departure)
