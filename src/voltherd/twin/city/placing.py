"""Where the stations of the synthetic city stand: inside their district's schematic cell, denser at the core."""

from __future__ import annotations

import numpy as np

from voltherd.domain.streams import Streams
from voltherd.domain.tables import Floats, Ints
from voltherd.twin.city.districts import DISTRICTS
from voltherd.twin.city.schematic import district_cells, inside
from voltherd.twin.city.streams import Purpose

_TRIES = 24
_CORE = (113.32, 23.12)
_CLOSEST, _THINNING = 0.08, 10.0
# spacing wanted at a place: so much at the core, growing with the square of the distance from it [1 / degree^2]


def places(streams: Streams, district: Ints) -> Floats:
    """Return a place for each station, shape (S, 2): longitude, latitude [degrees, WGS84], to 1e-5.

    Of `_TRIES` random points in the cell each station takes the one that is farthest from all stations placed
    before it, measured by the spacing wanted there (best-candidate sampling, Mitchell 1991).
    """
    chosen = np.empty((len(district), 2))
    draws = streams.uniform(Purpose.PLACE, len(district), 2 * _TRIES).reshape(len(district), _TRIES, 2)
    for number in range(len(DISTRICTS)):
        ring = district_cells()[number].ring
        low, high = ring.min(axis=0), ring.max(axis=0)
        centre = (DISTRICTS[number].longitude, DISTRICTS[number].latitude)
        rows = np.flatnonzero(district == number)
        points = np.round(low + draws[rows] * (high - low), 5)
        usable = inside(ring, points.reshape(-1, 2)).reshape(len(rows), _TRIES)
        placed = np.empty((len(rows), 2))
        for i in range(len(rows)):
            candidates = points[i][usable[i]] if usable[i].any() else np.array([centre])
            apart = candidates - _CORE
            wanted = _CLOSEST + _THINNING * (apart * apart).sum(axis=1) if i else np.ones(len(candidates))
            gaps = candidates[:, None, :] - placed[None, :i, :]
            nearest = (gaps * gaps).sum(axis=2).min(axis=1) if i else np.ones(len(candidates))
            placed[i] = candidates[np.argmax(nearest / (wanted * wanted))]
        chosen[rows] = placed
    return chosen
