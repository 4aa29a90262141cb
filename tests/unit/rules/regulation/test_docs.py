"""The figures that docs/regulation.md prints are those of the code."""

from pathlib import Path

import pytest

from tests.unit.rules.regulation.test_period import RATED_W, follow, judged, signal
from voltherd.rules.pjm.score import BLOCK, sampled, score
from voltherd.rules.regulation.samples import Samples

PAGE = Path(__file__).parents[4] / "docs" / "regulation.md"


@pytest.mark.parametrize(("dead_s", "lag_s"), [(0.5, 0.5), (1, 1), (2, 1), (2, 2), (3, 2), (4, 2)])
def test_the_table_of_fleets(dead_s, lag_s):
    at, target = signal(seed=3)
    samples = follow(at, target, dead_s, lag_s, 1)
    found = judged(at, target, samples)
    pjm = score(sampled(Samples(at, target), 0), sampled(samples, 0, lags=BLOCK), RATED_W)
    row = next(line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| {dead_s} + {lag_s} s |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
    parts = found.settlement
    assert cells[4] == f"{found.unanswered} of {found.timed}"
    figures = (found.m_ppm, parts.rate_ppm, parts.delay_ppm, parts.error_ppm, pjm.score_ppm)
    for cell, ppm in zip([*cells[:4], cells[5]], figures, strict=True):
        assert float(cell) == pytest.approx(ppm / 1e6, abs=0.0051 if len(cell) == 4 else 0.00051)
