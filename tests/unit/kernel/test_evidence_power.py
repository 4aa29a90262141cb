"""The unit's power from samples of its stations."""

from voltherd.domain.telemetry import PowerSample
from voltherd.kernel.evidence_power import UnitMeter, UnitPower
from voltherd.kernel.observed import GATEWAY

S = 1_000_000


def gateway(station: str, at: int, watts: int) -> PowerSample:
    return PowerSample(station, at, (GATEWAY,), (watts,))


def sessions(station: str, at: int, *watts: int) -> PowerSample:
    return PowerSample(station, at, tuple(f"s{n}" for n in range(len(watts))), watts)


def test_a_unit_is_the_sum_of_its_stations() -> None:
    meter = UnitMeter()
    found = meter.take([gateway("a", S, 100), sessions("b", S, 20, -50), gateway("a", 2 * S, 110)])
    assert found == [UnitPower(S, 70), UnitPower(2 * S, 80)]
    assert meter.latest == UnitPower(2 * S, 80)


def test_a_gateway_counts_rather_than_its_sessions_until_it_falls_silent() -> None:
    meter = UnitMeter()
    assert meter.take([gateway("a", S, 100), sessions("a", S, 90)]) == [UnitPower(S, 100)]
    assert meter.take([sessions("a", 5 * S, 91)]) == [UnitPower(5 * S, 100)]
    assert meter.take([sessions("a", 12 * S, 92)]) == [UnitPower(12 * S, 92)]


def test_nothing_is_known_of_the_unit_while_a_station_is_silent() -> None:
    meter = UnitMeter()
    meter.take([gateway("a", S, 100), gateway("b", S, 1)])
    assert meter.take([gateway("a", 20 * S, 100)]) == []
    assert meter.take([gateway("a", 21 * S, 100), gateway("b", 21 * S, 2)]) == [UnitPower(21 * S, 102)]


def test_what_is_known_of_an_instant_does_not_change() -> None:
    meter = UnitMeter()
    meter.take([gateway("a", 5 * S, 100)])
    assert meter.take([gateway("a", 4 * S, 1), gateway("a", 5 * S, 2)]) == []
    assert meter.take([gateway("a", 6 * S, 101)]) == [UnitPower(6 * S, 101)]
