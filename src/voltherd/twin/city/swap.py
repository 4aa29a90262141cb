"""Battery swapping: an empty battery takes the slot of the full one that left, and stays until it is full.

A station's swaps come one after the other; swap number m empties and refills slot m modulo the slots, so that
every battery stays for one round. What is swapped, and how often, are simulation assumptions.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from voltherd.domain.streams import Streams
from voltherd.domain.tables import Floats, Ints
from voltherd.twin.city import jiaxing
from voltherd.twin.city.distribution import flat
from voltherd.twin.city.model import PileTable
from voltherd.twin.city.stays import DAY_S, NO_LIMIT, Stays, reachable_wh, whole
from voltherd.twin.city.streams import Purpose
from voltherd.twin.city.vehicles import VehicleClass, capacity_kwh

SWAPS_PER_SLOT = 8.6
"""Mean swaps of a slot on a day: an assumption."""

EXCHANGE_S = 180
"""Time between a battery leaving its slot and the next one plugged in there: an assumption [s]."""

_EMPTY_SOC = flat(0.15, 0.55)
_FULL_SOC = flat(0.92, 1.0)
_REACHED = 0.97
_PERMILLE = (940, 21)
_GENTLE_C = 0.6
# batteries in stock are charged gently: power over capacity [1/h]


def battery_stays(streams: Streams, slots: PileTable, first_pile: int, first: date, days: int) -> Stays:
    """Return the stays of batteries that arrive on the `days` days from `first` on.

    A battery that arrives last on the last day leaves with the swaps of the day after, which are drawn for
    that purpose; so a day is the same whatever days follow.

    Parameters
    ----------
    slots
        The slots, ordered by station, the only piles of their stations.
    first_pile
        Row of the first slot in the count that goes on through piles and slots.
    """
    stations, first_slot, count = np.unique(slots.station, return_index=True, return_counts=True)
    rank = streams.uniform(Purpose.POPULARITY, len(stations), group=1)[:, 0]
    swaps = np.maximum(whole(count * SWAPS_PER_SLOT * (0.75 + 0.5 * rank)), 2 * count)
    drawn = [_times(streams, swaps, first + timedelta(days=d), d * DAY_S) for d in range(days + 1)]
    station = np.concatenate([np.repeat(np.arange(len(stations)), swaps)] * (days + 1))
    at_s = np.concatenate(drawn)
    order = np.lexsort((at_s, station))
    station, at_s = station[order], at_s[order]
    turn = np.arange(len(station)) - np.searchsorted(station, station)
    slot = turn % count[station]
    following = np.arange(len(station)) + count[station]
    # the last round of the drawn days has no successor; all of it arrives on the day after the run
    stays = np.flatnonzero(at_s < days * DAY_S)
    leaves_s = at_s[following[stays]] - EXCHANGE_S
    whole_stays = stays[leaves_s - at_s[stays] >= EXCHANGE_S]
    return _batteries(
        streams,
        slots,
        first_pile,
        first_slot[station[whole_stays]] + slot[whole_stays],
        at_s[whole_stays],
        at_s[following[whole_stays]] - EXCHANGE_S,
        order[whole_stays],
        len(order),
        first,
    )


def _times(streams: Streams, swaps: Ints, day: date, midnight_s: int) -> Ints:
    """Return when each swap of the day happens, station by station [s]; one in each equal part of the visitors."""
    station = np.repeat(np.arange(len(swaps)), swaps)
    turn = np.arange(len(station)) - np.repeat(np.cumsum(swaps) - swaps, swaps)
    most = int(swaps.max())
    draw = streams.uniform(Purpose.SWAPS, len(swaps), most, day=day.toordinal())[station, turn]
    return midnight_s + whole(jiaxing.START_HOUR.at((turn + draw) / swaps[station]) * 3600.0)


def _batteries(
    streams: Streams,
    slots: PileTable,
    first_pile: int,
    slot: Ints,
    arrival_s: Ints,
    departure_s: Ints,
    entity: Ints,
    entities: int,
    first: date,
) -> Stays:
    def rank(purpose: Purpose, draws: int, column: int) -> Floats:
        drawn: Floats = streams.uniform(purpose, entities, draws, day=first.toordinal())[entity, column]
        return drawn

    size_rank = streams.uniform(Purpose.BATTERY, len(slots))[:, 0]
    # a station swaps one size of battery
    _, leader = np.unique(slots.station, return_index=True)
    own = size_rank[leader[np.searchsorted(slots.station[leader], slots.station)]]
    battery = np.full(len(slots), VehicleClass.BATTERY, dtype=np.int64)
    capacity_wh = (whole(capacity_kwh(battery, own)) * 1000)[slot]
    charge_hw = np.minimum(whole(slots.charge_kw[slot] * 10.0), whole(capacity_wh * _GENTLE_C / 100.0))
    charge_permille = _PERMILLE[0] + whole(rank(Purpose.EMPTY, 3, 2) * _PERMILLE[1])
    arrival_wh = whole(capacity_wh * _EMPTY_SOC.at(rank(Purpose.EMPTY, 3, 0)))
    full_wh = whole(capacity_wh * _FULL_SOC.at(rank(Purpose.EMPTY, 3, 1)))
    reach_wh = whole(reachable_wh(departure_s - arrival_s, charge_hw, charge_permille) * _REACHED)
    nothing = np.zeros(len(slot), dtype=np.int64)
    return Stays(
        pile=first_pile + slot,
        arrival_s=arrival_s,
        departure_s=departure_s,
        arrival_wh=arrival_wh,
        departure_wh=np.minimum(full_wh, arrival_wh + reach_wh),
        floor_wh=nothing,
        capacity_wh=capacity_wh,
        charge_hw=charge_hw,
        discharge_hw=nothing,
        charge_permille=charge_permille,
        discharge_permille=charge_permille,
        limit_wh=nothing + NO_LIMIT,
        vehicle=nothing + VehicleClass.BATTERY,
    )
