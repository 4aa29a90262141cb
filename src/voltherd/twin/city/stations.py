"""The stations, piles and swap slots of the synthetic city."""

from __future__ import annotations

import numpy as np

from voltherd.domain.assets import Datum, StationKind
from voltherd.domain.money import shares
from voltherd.domain.streams import Streams
from voltherd.domain.tables import Floats, Ints, StationTable
from voltherd.twin.city.districts import DISTRICTS
from voltherd.twin.city.kinds import EXPORT_PART, KINDS, StationType
from voltherd.twin.city.model import PileTable, Registry
from voltherd.twin.city.placing import places
from voltherd.twin.city.populations import PileRole
from voltherd.twin.city.streams import Purpose

_MOST_CONNECTED = 0.95
# no connection covers all piles at once: else there is nothing to be orderly about


def registry(streams: Streams) -> Registry:
    """Return what stands in the city of a seed: 600 charging stations, 130 swap stations, 28,000 piles."""
    kind, district = _spread()
    first = np.searchsorted(district, np.arange(len(DISTRICTS)))
    number = np.arange(len(district)) - first[district] + 1
    station_id = tuple(
        f"GZ-{DISTRICTS[d].tag}-{n:04d}" for d, n in zip(district.tolist(), number.tolist(), strict=True)
    )
    piles, export_part = _piles(streams, kind, district, station_id)
    pile_kw = _per_station(piles.charge_kw, piles.station, len(kind))
    import_kw = _import_limits(streams, kind, np.bincount(piles.station), pile_kw)
    discharge_kw = _per_station(piles.discharge_kw, piles.station, len(kind))
    export_kw = np.minimum(import_kw, np.floor(discharge_kw * export_part))
    place = places(streams, district)
    type_ = tuple(KINDS[k].type.value for k in kind.tolist())
    where = [DISTRICTS[d] for d in district.tolist()]
    stations = StationTable(
        station_id=station_id,
        import_kw=import_kw,
        export_kw=export_kw,
        kind=tuple((StationKind.SWAP if t == StationType.SWAP else StationKind.CHARGING).value for t in type_),
        name=tuple(f"{w.name_en} {n:04d}, {t}" for w, n, t in zip(where, number.tolist(), type_, strict=True)),
        district=tuple(w.name_en for w in where),
        latitude=place[:, 1],
        longitude=place[:, 0],
        datum=(Datum.WGS84.value,) * len(kind),
        node=_nodes(district, place),
        demand_price_cny_per_kw_month=np.zeros(len(kind)),
        peak_so_far_kw=np.zeros(len(kind)),
    )
    return Registry(
        stations=stations,
        station_type=type_,
        name_zh=tuple(
            f"{w.name_zh}{n:04d}{KINDS[k].name_zh}"
            for w, n, k in zip(where, number.tolist(), kind.tolist(), strict=True)
        ),
        district=district,
        piles=_take(piles, piles.role != PileRole.SLOT),
        slots=_take(piles, piles.role == PileRole.SLOT),
    )


def _spread() -> tuple[Ints, Ints]:
    """Return kind and district of every station, ordered by (district, kind)."""
    kinds: list[int] = []
    districts: list[int] = []
    for k, kind in enumerate(KINDS):
        highway = kind.type is StationType.HIGHWAY
        weights = [d.highway_weight if highway else d.weight for d in DISTRICTS]
        for d, count in enumerate(shares(kind.stations, weights)):
            kinds += [k] * count
            districts += [d] * count
    order = np.lexsort((kinds, districts))
    return np.array(kinds)[order], np.array(districts)[order]


def _piles(streams: Streams, kind: Ints, district: Ints, station_id: tuple[str, ...]) -> tuple[PileTable, Floats]:
    """Return all piles and slots, ordered by station, and the part of their power a station may export."""
    export_part = np.zeros(len(kind))
    columns: list[tuple[Ints, Ints, Floats, Floats]] = []
    recognised = np.zeros(len(kind), dtype=np.bool_)
    for k, plan in enumerate(KINDS):
        rows = np.flatnonzero(kind == k)
        v2g_piles = np.zeros(len(kind), dtype=np.int64)
        if plan.v2g is not None:
            chosen = rows[_across_districts(district[rows])][: plan.v2g.stations]
            v2g_piles[chosen] = plan.v2g.piles
            listed = chosen[: plan.v2g.stations - plan.v2g.unrecognised]
            recognised[listed] = True
            export_part[listed] = EXPORT_PART
        for group in plan.groups:
            size_rank = streams.uniform(Purpose.SIZE, len(kind), group=group.role)[rows, 0]
            power_rank = streams.uniform(Purpose.POWER, len(kind), group=group.role)[rows, 0]
            weights = (group.sizes.at(size_rank) * 1000.0).astype(np.int64) + 1
            sizes = np.array(shares(group.piles - group.fewest * len(rows), weights.tolist())) + group.fewest
            station = np.repeat(rows, sizes)
            position = np.arange(len(station)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            v2g = position < v2g_piles[station]
            both_ways = plan.v2g.power_kw if plan.v2g is not None else 0.0
            charge_kw = np.where(v2g, both_ways, np.repeat(group.power_kw.at(power_rank), sizes))
            role = np.full(len(station), group.role, dtype=np.int64)
            columns.append((station, role, charge_kw, np.where(v2g, both_ways, 0.0)))
    station, role, charge_kw, discharge_kw = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.argsort(station, kind="stable")
    station = station[order]
    number = np.arange(len(station)) - np.searchsorted(station, station) + 1
    return PileTable(
        pile_id=tuple(f"{station_id[s]}-{n:03d}" for s, n in zip(station.tolist(), number.tolist(), strict=True)),
        station=station,
        role=role[order],
        charge_kw=charge_kw[order],
        discharge_kw=discharge_kw[order],
        v2g_recognised=recognised[station] & (discharge_kw[order] > 0),
    ), export_part


def _across_districts(district: Ints) -> Ints:
    """Return an order of rows that takes one of each district before the second of any."""
    turn = np.arange(len(district)) - np.searchsorted(district, district)
    return np.lexsort((district, turn))


def _per_station(power_kw: Floats, station: Ints, stations: int) -> Floats:
    # sums of multiples of 0.5 kW are exact in any order
    return np.bincount(station, weights=power_kw, minlength=stations).astype(np.float64)


def _import_limits(streams: Streams, kind: Ints, piles: Ints, pile_kw: Floats) -> Floats:
    """Return each station's contracted limit, some part below the sum of its piles' power, to 10 kW."""
    rank = streams.uniform(Purpose.CONNECTION, len(kind))[:, 0]
    part = np.empty(len(kind))
    for k, plan in enumerate(KINDS):
        rows = kind == k
        # IEEE 754 rounds a square root like a division: the same on every processor
        part[rows] = plan.connection.at(rank[rows]) + plan.diversity / np.sqrt(piles[rows])
    return np.floor(np.minimum(part, _MOST_CONNECTED) * pile_kw / 10.0) * 10.0


def _nodes(district: Ints, place: Floats) -> tuple[str, ...]:
    """Return each station's clearing node: the stations of a district from west to east, in equal parts."""
    nodes = [""] * len(district)
    for d, area in enumerate(DISTRICTS):
        rows = np.flatnonzero(district == d)
        for rank, row in enumerate(rows[np.argsort(place[rows, 0], kind="stable")].tolist()):
            nodes[row] = f"GZ-{area.tag}-220-{rank * area.nodes // len(rows) + 1}"
    return tuple(nodes)


def _take(piles: PileTable, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> PileTable:
    rows = np.flatnonzero(chosen)
    return PileTable(
        pile_id=tuple(piles.pile_id[row] for row in rows.tolist()),
        station=piles.station[rows],
        role=piles.role[rows],
        charge_kw=piles.charge_kw[rows],
        discharge_kw=piles.discharge_kw[rows],
        v2g_recognised=piles.v2g_recognised[rows],
    )
