"""The statistics that public charging is calibrated on: transactions of Jiaxing, China.

441,077 transactions at 92 public stations, 2020-2021. Data: Zhang et al. (2025), "A high-resolution electric
vehicle charging transaction dataset with multidimensional features in China", figshare 28182251. The histograms
are those of Chogaliu/Public-EV-Charging-Datasets-Review-and-Explorer (commit a5d12959, MIT licence). Whatever is
drawn from them is synthetic.

The published median and 90 % point of the duration and the median of the energy split the bins they lie in.
"""

from __future__ import annotations

from voltherd.twin.city.distribution import Histogram

_NIGHT_AND_MORNING = (11381, 7012, 5101, 4548, 3969, 3876, 5670, 7076, 9746, 17125, 22106, 30205)
_AFTERNOON_AND_EVENING = (31555, 30480, 31632, 31779, 27663, 21716, 23848, 26068, 21974, 22843, 24104, 19600)

START_HOUR = Histogram(tuple(float(hour) for hour in range(25)), (*_NIGHT_AND_MORNING, *_AFTERNOON_AND_EVENING))
"""Transactions by clock hour of their start."""

DURATION_HOURS = Histogram(
    (0.0, 0.25, 0.5, 0.55, 1.0, 1.58, 2.0, 4.0, 8.0, 12.0, 24.0),
    (118876, 85390, 16272, 111357, 65074, 14686, 14541, 7589, 5962, 1330),
)
"""Transactions by duration [h]; median 0.55, 90 % below 1.58."""

ENERGY_KWH = Histogram(
    (0.0, 1.0, 3.0, 5.0, 10.0, 15.15, 20.0, 40.0, 80.0, 150.0),
    (75019, 12939, 19241, 55567, 57772, 60444, 138582, 21417, 96),
)
"""Transactions by metered energy [kWh]; median 15.15."""

_SLOW_DURATION = (0, 0, 0, 2227, 13015, 5140, 10906, 7589, 5962, 1330)
_SLOW_ENERGY = (2000, 2500, 5500, 14000, 8500, 6500, 7000, 169, 0)
# The source does not tell fast from slow piles. Assumption: transactions at slow (7 kW) piles are the long ones,
# a tenth of all, with energies that 7 kW can deliver; the rest is fast. The two parts add up to the source.


def _rest(whole: Histogram, part: tuple[int, ...]) -> Histogram:
    return Histogram(whole.edges, tuple(a - b for a, b in zip(whole.counts, part, strict=True)))


SLOW_DURATION_HOURS = Histogram(DURATION_HOURS.edges, _SLOW_DURATION)
SLOW_ENERGY_KWH = Histogram(ENERGY_KWH.edges, _SLOW_ENERGY)
FAST_DURATION_HOURS = _rest(DURATION_HOURS, _SLOW_DURATION)
FAST_ENERGY_KWH = _rest(ENERGY_KWH, _SLOW_ENERGY)
SLOW_PART = sum(_SLOW_DURATION) / sum(DURATION_HOURS.counts)
"""Part of the public transactions at slow piles."""
