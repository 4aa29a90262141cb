"""A check against its thresholds."""

import pytest

from voltherd.twin.prequalification.verdict import Check, Verdict


@pytest.mark.parametrize(
    ("value", "least", "most", "passed"),
    [
        (5.0, 5.0, None, True),
        (4.999, 5.0, None, False),
        (0.0, None, 0.0, True),
        (1.0, None, 0.0, False),
        (3.0, None, None, True),
        (None, None, None, False),
        (None, 1.0, None, False),
        (2.0, 1.0, 3.0, True),
        (4.0, 1.0, 3.0, False),
    ],
)
def test_a_figure_passes_within_its_thresholds(
    value: float | None, least: float | None, most: float | None, passed: bool
) -> None:
    check = Check(key="k", value=value, unit="", least=least, most=most)
    assert check.passed is passed
    assert Verdict(checks=(check,)).passed is passed
    assert Verdict(checks=(Check(key="m", value=1.0, unit=""), check)).passed is passed
