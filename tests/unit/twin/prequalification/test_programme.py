"""The programme of a trial."""

from datetime import date

import numpy as np
import pytest

from voltherd.twin.prequalification.programme import FIRST_HOUR, HOUR, Part, Programme
from voltherd.twin.regulation_signal import RegulationSignal

S = 1_000_000


def test_each_hour_has_its_part_and_each_full_capability_an_hours_rest() -> None:
    parts = Programme(date(2026, 11, 23), 8).parts
    assert [hour for hour, part in parts.items() if part is Part.SIGNAL] == list(range(9, 17))
    assert parts[18] is Part.UP
    assert parts[20] is Part.DOWN
    assert len(parts) == 10
    assert max(Programme(date(2026, 11, 23), 10).parts) <= 23


def test_the_signal_is_the_derived_one_then_all_up_then_all_down() -> None:
    programme = Programme(date(2026, 11, 23), 2)
    derived = RegulationSignal(programme.start - 5 * S, np.linspace(-0.5, 0.5, 1000), "test")
    signal = programme.signal(derived)
    first = programme.start + 3 * HOUR // 2
    for second in (0, 1, 4_000, 7_199):
        assert signal.at(first + second * S) == derived.at(first + second * S)
    up = programme.start + 3 * HOUR // 2 + 3 * HOUR
    assert {signal.at(up + second * S) for second in range(0, 3600, 60)} == {1.0}
    assert {signal.at(up + 2 * HOUR + second * S) for second in range(0, 3600, 60)} == {-1.0}
    assert signal.at(up + 2 * HOUR - S) == derived.at(up + 2 * HOUR - S)
    assert programme.tests_at(up)
    assert not programme.tests_at(up - S)
    assert FIRST_HOUR * HOUR > 0


@pytest.mark.parametrize("hours", [0, 11])
def test_there_is_no_programme_of_no_hours_or_too_many(hours: int) -> None:
    with pytest.raises(ValueError, match="hours"):
        Programme(date(2026, 11, 23), hours)
