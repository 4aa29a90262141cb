"""Who is plugged in where, what was promised, what the meters and the batteries say: from field events alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherd.domain.events import (
    BatteriesReported,
    CapabilityKnown,
    FieldEvent,
    PluggedIn,
    PromiseChanged,
    RegistersRead,
    Reported,
    Unplugged,
)
from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.journal.projections.names import Names
from voltherd.journal.projections.registers import accept

COLUMNS = (
    "station",
    "since",
    "departure",
    "promised_wh",
    "floor_wh",
    "capacity_wh",
    "charge_w",
    "discharge_w",
    "charge_ppm",
    "discharge_ppm",
    "max_discharge_wh",
    "is_capable",
    "arrival_wh",
    "anchor_wh",
    "anchor_import_wh",
    "anchor_export_wh",
    "import_wh",
    "export_wh",
    "raw_import_wh",
    "raw_export_wh",
    "read_at",
    "is_suspect",
)
"""Columns of 64-bit integers, one row per slot; see `FleetProjection`."""

NO_LIMIT = -1
"""In `max_discharge_wh`: the session may discharge any energy."""

PLAUSIBLE_SHARE = 0.15
"""A battery that claims to hold more than the meters explain by over this share of its capacity is not believed."""

Slots = Ints


class Moved(NamedTuple):
    """Energy that meters showed to have moved, shape (m,) each."""

    sessions: list[str]
    begin: Ints
    """When the meters were read before [us]."""
    end: Instant
    """When they were read now [us]."""
    import_wh: Ints
    export_wh: Ints


class Left(NamedTuple):
    """A vehicle that has left, as it was known at the end."""

    session_id: str
    station_id: str
    since: Instant
    at: Instant
    arrival_wh: int
    """Held at arrival."""
    promised_wh: int
    departure: Instant
    capacity_wh: int
    charge_w: int
    charge_ppm: int
    import_wh: int
    export_wh: int
    battery_wh: int
    """Held at departure, as reported."""


class Taken(NamedTuple):
    """What a batch of facts brought."""

    left: list[Left]
    moved: list[Moved]


class FleetProjection:
    """The sessions that are plugged in, each in a slot.

    A slot is a row of `table`, free again when its vehicle has left. Energies are Wh, powers W, instants microseconds.
    `anchor_wh` is what the battery held when the registers stood at the anchors; `raw_...` are registers as shown,
    `import_wh` and `export_wh` what was accepted of them since the session began.
    """

    def __init__(self, station_ids: Iterable[str] = ()) -> None:
        self.stations = Names(station_ids)
        self.session_id: list[str] = []
        self.pile_id: list[str] = []
        self._slot: dict[str, int] = {}
        self._free: list[int] = []
        self._table: NDArray[np.int64] = np.zeros((len(COLUMNS), 0), dtype=np.int64)
        self._used: NDArray[np.bool_] = np.zeros(0, dtype=bool)

    def __len__(self) -> int:
        return len(self._slot)

    def column(self, name: str) -> Ints:
        """Return one of `COLUMNS` for all slots, a view; free slots hold nothing of meaning."""
        found: Ints = self._table[_AT[name]]
        return found

    def slots(self) -> Slots:
        """Return the slots in use, ascending."""
        return np.flatnonzero(self._used)

    def slot_of(self, session_id: str) -> int:
        """Return the slot of a session, -1 if it is not plugged in."""
        return self._slot.get(session_id, -1)

    def slots_of(self, session_ids: Iterable[str]) -> Slots:
        """Return the slots of sessions, -1 for those that are not plugged in."""
        get = self._slot.get
        return np.array([get(session, -1) for session in session_ids], dtype=np.int64)

    def battery_kwh(self, slots: Slots) -> Floats:
        """Return the energy that the batteries hold by anchor and registers, within 0 and capacity [kWh]."""
        table = self._table[:, slots]
        drawn = table[_AT["import_wh"]] - table[_AT["anchor_import_wh"]]
        fed = table[_AT["export_wh"]] - table[_AT["anchor_export_wh"]]
        gained = drawn * (table[_AT["charge_ppm"]] / 1e6) - fed * (1e6 / np.maximum(table[_AT["discharge_ppm"]], 1))
        held = (table[_AT["anchor_wh"]] + gained) / 1000.0
        within: Floats = np.clip(held, 0.0, table[_AT["capacity_wh"]] / 1000.0)
        return within

    def apply(self, facts: Sequence[Reported[FieldEvent]]) -> Taken:
        """Take facts in, in the order (instant, source, sequence); return who has left and what has moved.

        Within a batch, arrivals and promises come first, then readings by their instants, then departures: for one
        vehicle that is the order in which they happen. Doubled facts, facts of strangers and readings older than the
        last one change nothing.
        """
        for fact in facts:
            self._begin(fact)
        readings = [fact.event for fact in facts if isinstance(fact.event, RegistersRead)]
        readings.sort(key=lambda reading: reading.read_at)
        moved = []
        for read_at, together in groupby(readings, key=lambda reading: reading.read_at):
            moved += self._read(read_at, list(together))
        for fact in facts:
            if isinstance(fact.event, BatteriesReported):
                self._hear(fact.event)
        left = []
        for fact in facts:
            if isinstance(fact.event, Unplugged):
                left += self._end(fact.at, fact.event)
        return Taken(left, moved)

    def _begin(self, fact: Reported[FieldEvent]) -> None:
        event = fact.event
        if isinstance(event, PluggedIn):
            if event.session_id not in self._slot:
                self._plug(fact.at, event)
        elif isinstance(event, CapabilityKnown):
            slot = self.slot_of(event.session_id)
            if slot >= 0:
                self._know(slot, event)
        elif isinstance(event, PromiseChanged):
            slot = self.slot_of(event.session_id)
            if slot >= 0:
                self._set(slot, departure=event.departure, promised_wh=event.promised_wh, floor_wh=event.floor_wh)

    def _plug(self, at: Instant, event: PluggedIn) -> None:
        slot = self._take_slot()
        self._slot[event.session_id] = slot
        self.session_id[slot] = event.session_id
        self.pile_id[slot] = ""
        self._table[:, slot] = 0
        self._set(
            slot,
            station=self.stations.index(event.station_id),
            since=at,
            departure=event.departure,
            promised_wh=event.promised_wh,
            floor_wh=event.floor_wh,
            capacity_wh=event.capacity_wh,
            charge_ppm=1_000_000,
            discharge_ppm=1_000_000,
            max_discharge_wh=NO_LIMIT,
            arrival_wh=event.arrival_wh,
            anchor_wh=event.arrival_wh,
            read_at=at,
        )

    def _know(self, slot: int, event: CapabilityKnown) -> None:
        self.pile_id[slot] = event.pile_id
        self._set(
            slot,
            charge_w=event.charge_w,
            discharge_w=event.discharge_w,
            charge_ppm=event.charge_ppm,
            discharge_ppm=event.discharge_ppm,
            max_discharge_wh=NO_LIMIT if event.max_discharge_wh is None else event.max_discharge_wh,
            is_capable=1,
        )

    def _read(self, read_at: Instant, readings: list[RegistersRead]) -> list[Moved]:
        slots = self.slots_of(session for reading in readings for session in reading.session_ids)
        imports = np.array([wh for reading in readings for wh in reading.import_wh], dtype=np.int64)
        exports = np.array([wh for reading in readings for wh in reading.export_wh], dtype=np.int64)
        new = slots >= 0
        new[new] = self.column("read_at")[slots[new]] < read_at
        slots, imports, exports = slots[new], imports[new], exports[new]
        if not len(slots):
            return []
        table = self._table
        taken = accept(
            imports,
            exports,
            table[_AT["raw_import_wh"], slots],
            table[_AT["raw_export_wh"], slots],
            read_at - table[_AT["read_at"], slots],
            table[_AT["charge_w"], slots],
            table[_AT["discharge_w"], slots],
        )
        begin = table[_AT["read_at"], slots]
        table[_AT["is_suspect"], slots] = taken.suspect
        table[_AT["import_wh"], slots] += taken.import_wh
        table[_AT["export_wh"], slots] += taken.export_wh
        fine = ~taken.suspect
        table[_AT["raw_import_wh"], slots[fine]] = imports[fine]
        table[_AT["raw_export_wh"], slots[fine]] = exports[fine]
        table[_AT["read_at"], slots[fine]] = read_at
        names = [self.session_id[slot] for slot in slots[fine].tolist()]
        return [Moved(names, begin[fine], read_at, taken.import_wh[fine], taken.export_wh[fine])]

    def _hear(self, event: BatteriesReported) -> None:
        """Believe a battery where it claims no more than the meters explain; less is always believed."""
        slots = self.slots_of(event.session_ids)
        claimed = np.array(event.battery_wh, dtype=np.int64)[slots >= 0]
        slots = slots[slots >= 0]
        capacity = self.column("capacity_wh")[slots]
        metered = self.battery_kwh(slots) * 1000.0
        fine = (claimed >= 0) & (claimed <= np.minimum(metered + PLAUSIBLE_SHARE * capacity, capacity))
        slots, claimed = slots[fine], claimed[fine]
        self.column("anchor_wh")[slots] = claimed
        self.column("anchor_import_wh")[slots] = self.column("import_wh")[slots]
        self.column("anchor_export_wh")[slots] = self.column("export_wh")[slots]

    def _end(self, at: Instant, event: Unplugged) -> list[Left]:
        slot = self._slot.pop(event.session_id, -1)
        if slot < 0:
            return []
        self._used[slot] = False
        self.session_id[slot] = ""
        self._free.append(slot)
        row = dict(zip(COLUMNS, self._table[:, slot].tolist(), strict=True))
        known = {name: row[name] for name in Left._fields if name in row}
        station = self.stations.names[row["station"]]
        return [Left(**known, session_id=event.session_id, station_id=station, at=at, battery_wh=event.battery_wh)]

    def _take_slot(self) -> int:
        if not self._free:
            old = len(self._used)
            new = max(64, old)
            self._table = np.concatenate([self._table, np.zeros((len(COLUMNS), new), dtype=np.int64)], axis=1)
            self._used = np.concatenate([self._used, np.zeros(new, dtype=bool)])
            self.session_id += [""] * new
            self.pile_id += [""] * new
            self._free = list(range(old + new - 1, old - 1, -1))
        slot = self._free.pop()
        self._used[slot] = True
        return slot

    def _set(self, slot: int, **values: int) -> None:
        for name, value in values.items():
            self._table[_AT[name], slot] = value


_AT = {name: row for row, name in enumerate(COLUMNS)}
