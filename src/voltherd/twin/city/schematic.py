"""A schematic of the city for reports: not boundaries, and not a map.

Each district is the part of a rounded, hand-drawn outline that lies nearer to its centre than to any other
(a Voronoi cell), a little apart from its neighbours and with its corners rounded. A licensed map is a matter of
configuration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from voltherd.domain.tables import Floats
from voltherd.twin.city.districts import DISTRICTS

Point = tuple[float, float]

_NARROWING = 0.919
# length of a degree of longitude over one of latitude at 23.2 degrees north

_GAP = 0.005
_CORNER = 0.012
_OUTLINE: tuple[Point, ...] = (
    (112.98, 23.46),
    (113.22, 23.56),
    (113.34, 23.74),
    (113.62, 23.78),
    (113.76, 23.95),
    (114.04, 23.90),
    (113.90, 23.62),
    (114.00, 23.36),
    (113.90, 23.14),
    (113.62, 23.08),
    (113.58, 22.94),
    (113.74, 22.60),
    (113.58, 22.54),
    (113.38, 22.76),
    (113.22, 22.94),
    (113.13, 23.10),
    (113.09, 23.26),
    (112.98, 23.32),
)


@dataclass(frozen=True, slots=True)
class DistrictCell:
    """The schematic shape of a district."""

    code: str
    name_en: str
    name_zh: str
    ring: Floats
    """Corners in order, not closed, shape (n, 2): longitude, latitude [degrees, WGS84]."""


@cache
def district_cells() -> tuple[DistrictCell, ...]:
    """Return the schematic shapes of the 11 districts, in the order of `DISTRICTS`; they do not overlap."""
    cells = []
    for district in DISTRICTS:
        centre = (district.longitude * _NARROWING, district.latitude)
        shape = outline()
        for other in DISTRICTS:
            if other is not district:
                shape = _nearer(shape, centre, (other.longitude * _NARROWING, other.latitude))
        ring = [(round(x / _NARROWING, 5), round(y, 5)) for x, y in _rounded(shape)]
        array = np.array(ring)
        array.setflags(write=False)
        cells.append(DistrictCell(district.code, district.name_en, district.name_zh, array))
    return tuple(cells)


def outline() -> list[Point]:
    """Return the outline with its corners cut three times (Chaikin, 1974), in narrowed degrees."""
    ring = [(x * _NARROWING, y) for x, y in _OUTLINE]
    for _ in range(3):
        ring = [
            (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)
            for a, b in zip(ring, ring[1:] + ring[:1], strict=True)
            for part in (0.25, 0.75)
        ]
    return ring


def _nearer(ring: Sequence[Point], centre: Point, other: Point) -> list[Point]:
    """Return the part of `ring` nearer to `centre` than to `other`, by half the gap (Sutherland-Hodgman)."""
    dx, dy = other[0] - centre[0], other[1] - centre[1]
    length = math.sqrt(dx * dx + dy * dy)
    limit = length / 2 - _GAP / 2

    def beyond(point: Point) -> float:
        return ((point[0] - centre[0]) * dx + (point[1] - centre[1]) * dy) / length - limit

    kept: list[Point] = []
    for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
        u, v = beyond(a), beyond(b)
        if u <= 0:
            kept.append(a)
        if (u <= 0) != (v <= 0):
            part = u / (u - v)
            kept.append((a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part))
    return kept


def _rounded(ring: Sequence[Point]) -> list[Point]:
    """Return `ring` with every corner replaced by a short parabola, at most `_CORNER` from it."""
    ring = _thinned(ring)
    smooth: list[Point] = []
    for before, corner, after in zip([ring[-1], *ring[:-1]], ring, [*ring[1:], ring[0]], strict=True):
        ends = []
        for end in (before, after):
            dx, dy = end[0] - corner[0], end[1] - corner[1]
            length = math.sqrt(dx * dx + dy * dy)
            part = min(0.5, _CORNER / length) if length else 0.0
            ends.append((corner[0] + dx * part, corner[1] + dy * part))
        for s in (0.0, 0.25, 0.5, 0.75, 1.0):
            a, b, c = (1 - s) * (1 - s), 2 * s * (1 - s), s * s
            x = a * ends[0][0] + b * corner[0] + c * ends[1][0]
            y = a * ends[0][1] + b * corner[1] + c * ends[1][1]
            if not smooth or abs(x - smooth[-1][0]) + abs(y - smooth[-1][1]) > 2e-4:
                smooth.append((x, y))
    return smooth


def _thinned(ring: Sequence[Point]) -> list[Point]:
    """Return `ring` without points so near to the one before that no corner could be rounded there."""
    kept = [ring[0]]
    for point in [*ring[1:], ring[0]]:
        if math.dist(point, kept[-1]) > _CORNER:
            kept.append(point)
    return kept if math.dist(kept[0], kept[-1]) > _CORNER else kept[:-1]


def inside(ring: Floats, points: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which of `points`, shape (n, 2), lie inside `ring`, shape (m, 2) (even-odd rule)."""
    x, y = points[:, :1], points[:, 1:]
    ax, ay = ring[:, 0], ring[:, 1]
    bx, by = np.roll(ax, -1), np.roll(ay, -1)
    crosses = (ay > y) != (by > y)
    rise = np.where(by == ay, 1.0, by - ay)
    left = x < (bx - ax) * (y - ay) / rise + ax
    return np.asarray(np.count_nonzero(crosses & left, axis=1) % 2 == 1)
