"""The copied figures against the pack they come from, where that pack lies beside the checkout."""

import json
from pathlib import Path

import pytest

from voltherd.twin.city import jiaxing
from voltherd.twin.city.distribution import Histogram

PACK = Path(__file__).parents[4] / "shared/data/static/session_statistics_aggregates.json"


def merged(table: Histogram, edges: list[float]) -> list[int]:
    """Return the counts of `table` in coarser bins."""
    counts = [0] * (len(edges) - 1)
    for low, count in zip(table.edges, table.counts, strict=False):
        counts[max(k for k, edge in enumerate(edges[:-1]) if edge <= low)] += count
    return counts


@pytest.mark.skipif(not PACK.exists(), reason="the data pack is not beside the checkout")
def test_figures_are_those_of_the_source() -> None:
    source = json.loads(PACK.read_text("utf-8"))["datasets"]["china_jiaxing"]
    assert list(jiaxing.START_HOUR.counts) == source["startHour"]
    for name, table in (("durationHist", jiaxing.DURATION_HOURS), ("energyHist", jiaxing.ENERGY_KWH)):
        edges = [float(label.split("-")[0]) for label in source[name]["bins"]]
        counts = merged(table, [*edges, float(source[name]["bins"][-1].split("-")[1])])
        assert counts == source[name]["counts"]


def test_all_tables_count_the_same_transactions() -> None:
    for table in (jiaxing.START_HOUR, jiaxing.DURATION_HOURS, jiaxing.ENERGY_KWH):
        assert sum(table.counts) == 441_077


def test_published_medians_split_their_bins() -> None:
    assert sum(jiaxing.DURATION_HOURS.counts[:3]) == 220_538
    assert sum(jiaxing.DURATION_HOURS.counts[:5]) == 396_969
    assert sum(jiaxing.ENERGY_KWH.counts[:5]) == 220_538


def test_fast_and_slow_add_up() -> None:
    pairs = (
        (jiaxing.FAST_DURATION_HOURS, jiaxing.SLOW_DURATION_HOURS, jiaxing.DURATION_HOURS),
        (jiaxing.FAST_ENERGY_KWH, jiaxing.SLOW_ENERGY_KWH, jiaxing.ENERGY_KWH),
    )
    for fast, slow, whole in pairs:
        assert min(*fast.counts, *slow.counts) >= 0
        assert [a + b for a, b in zip(fast.counts, slow.counts, strict=True)] == list(whole.counts)
    assert sum(jiaxing.SLOW_DURATION_HOURS.counts) == sum(jiaxing.SLOW_ENERGY_KWH.counts)
