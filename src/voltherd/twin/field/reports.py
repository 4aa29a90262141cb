"""What the field reports of its stays: plugged in, capable, changed their mind, read, left."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from voltherd.domain.events import (
    BatteriesReported,
    CapabilityKnown,
    FieldEvent,
    PluggedIn,
    PromiseChanged,
    RegistersRead,
    Unplugged,
)
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints
from voltherd.twin.field.ailments import CUTS_LINK, Ailments
from voltherd.twin.field.draws import Draws, Purpose
from voltherd.twin.field.equipment import Equipment
from voltherd.twin.field.faults import FaultKind
from voltherd.twin.field.kernel import Batteries, Vehicles
from voltherd.twin.field.meters import Meters
from voltherd.twin.field.outbox import Kind, Outbox
from voltherd.twin.field.stays import NO_LIMIT, Stays

_DOUBLE_US = 3 * MICROSECONDS
# a doubled event comes again after this time


class Reports:
    """Makes events of what happens to stays, and sends them over links that may be cut or bad.

    Parameters
    ----------
    stays
        As stated.
    vehicles
        As they truly are; the field may change when one leaves.
    report_resolution
        Part of the capacity to which vehicles tell what they hold.
    """

    def __init__(
        self,
        stays: Stays,
        vehicles: Vehicles,
        batteries: Batteries,
        equipment: Equipment,
        ailments: Ailments,
        meters: Meters,
        outbox: Outbox,
        draws: Draws,
        pile_ids: tuple[str, ...],
        station_ids: tuple[str, ...],
        report_resolution: float,
    ) -> None:
        self._stays, self._vehicles, self._batteries = stays, vehicles, batteries
        self._equipment, self._ailments, self._meters = equipment, ailments, meters
        self._outbox, self._draws = outbox, draws
        self._pile_ids, self._station_ids = pile_ids, station_ids
        self._station: list[int] = equipment.piles.station[stays.pile].tolist()
        self._names = np.array(stays.session_id, dtype=np.object_)
        self._resolution_wh = np.floor(report_resolution * stays.capacity_wh)

    def clock_us(self, stations: Ints) -> Ints:
        """Return what the stations' clocks show minus the true time."""
        return self._equipment.clock_us[stations] + self._ailments.clock_us[stations]

    def plugged_in(self, row: int, at: Instant) -> None:
        """Report a vehicle's arrival, and what its driver states."""
        stays = self._stays
        event = PluggedIn(
            session_id=stays.session_id[row],
            station_id=self._station_of(row),
            departure=int(stays.departure[row]),
            arrival_wh=int(stays.arrival_wh[row]),
            promised_wh=int(stays.promised_wh[row]),
            floor_wh=int(stays.floor_wh[row]),
            capacity_wh=int(stays.capacity_wh[row]),
        )
        self._put(row, Kind.PLUGGED_IN, at, event)

    def capability_known(self, row: int, at: Instant) -> None:
        """Report what vehicle and pile say that they can do."""
        stays = self._stays
        pile = stays.pile[row : row + 1]
        scale = 1.0
        if self._ailments.is_any and self._ailments.at(pile, FaultKind.WRONG_CAPABILITY)[0]:
            scale = float(self._ailments.size(pile, FaultKind.WRONG_CAPABILITY)[0])
        limit = int(stays.max_discharge_wh[row])
        event = CapabilityKnown(
            session_id=stays.session_id[row],
            station_id=self._station_of(row),
            pile_id=self._pile_ids[pile[0]],
            charge_w=round(float(stays.charge_w[row]) * scale),
            discharge_w=round(float(stays.discharge_w[row]) * scale),
            charge_ppm=round(float(stays.charge_efficiency[row]) * 1e6),
            discharge_ppm=round(float(stays.discharge_efficiency[row]) * 1e6),
            max_discharge_wh=None if limit == NO_LIMIT else limit,
        )
        self._put(row, Kind.CAPABILITY_KNOWN, at, event)

    def promise_changed(self, row: int, at: Instant) -> None:
        """Report that the driver told when the vehicle truly leaves."""
        stays = self._stays
        event = PromiseChanged(
            session_id=stays.session_id[row],
            station_id=self._station_of(row),
            departure=int(self._vehicles.departure[row]),
            promised_wh=int(stays.promised_wh[row]),
            floor_wh=int(stays.floor_wh[row]),
        )
        self._put(row, Kind.PROMISE_CHANGED, at, event)

    def unplugged(self, rows: Ints, at: Ints) -> None:
        """Report the last registers and the departures of vehicles; of who does not report, what was counted."""
        energy, stays = self._batteries, self._stays
        station = self._equipment.piles.station[stays.pile[rows]]
        stamp = (at + self.clock_us(station)).tolist()
        drawn, fed = self._meters.show(rows, energy.import_wh[rows], energy.export_wh[rows], at)
        battery = np.where(stays.reports[rows], energy.battery_wh[rows], self._counted(rows))
        told = np.maximum(np.rint(battery), 0.0).astype(np.int64).tolist()
        columns = (rows.tolist(), at.tolist(), stamp, station.tolist(), drawn.tolist(), fed.tolist(), told)
        for row, when, shown, k, drawn_wh, fed_wh, battery_wh in zip(*columns, strict=True):
            name, place = stays.session_id[row], self._station_ids[k]
            reading = RegistersRead(place, shown, (name,), (drawn_wh,), (fed_wh,))
            self._put(row, Kind.REGISTERS_READ, when, reading, shown)
            self._put(row, Kind.UNPLUGGED, when, Unplugged(name, place, battery_wh))

    def read(self, rows: Ints, at: Ints, stamp: Ints) -> None:
        """Report the registers and the batteries of stays that were read at their stations' quarter of an hour.

        Parameters
        ----------
        rows
            Stays, in any order.
        at, stamp
            When each station was read, in truth and by its clock, shape (S,).
        """
        energy = self._batteries
        rows, bounds = self._together(rows)
        names = self._names[rows].tolist()
        station = self._equipment.piles.station[self._stays.pile[rows]]
        drawn, fed = self._meters.show(rows, energy.read_import_wh[rows], energy.read_export_wh[rows], stamp[station])
        imports, exports = drawn.tolist(), fed.tolist()
        for begin, end in pairwise(bounds):
            k, part = int(station[begin]), slice(begin, end)
            shown = int(stamp[k])
            reading = RegistersRead(
                self._station_ids[k], shown, tuple(names[part]), tuple(imports[part]), tuple(exports[part])
            )
            self._put(int(rows[begin]), Kind.REGISTERS_READ, int(at[k]), reading, shown)
        self._tell(rows[self._stays.reports[rows]], at, stamp)

    def _tell(self, rows: Ints, at: Ints, stamp: Ints) -> None:
        """Report the batteries of stays that were read."""
        rows, bounds = self._together(rows)
        names = self._names[rows].tolist()
        held = self._reported(rows, self._batteries.read_battery_wh[rows]).tolist()
        for begin, end in pairwise(bounds):
            k, part = self._station[int(rows[begin])], slice(begin, end)
            shown = int(stamp[k])
            event = BatteriesReported(self._station_ids[k], shown, tuple(names[part]), tuple(held[part]))
            self._put(int(rows[begin]), Kind.BATTERIES_REPORTED, int(at[k]), event, shown)

    def _together(self, rows: Ints) -> tuple[Ints, list[int]]:
        """Return stays in the order of their stations, and where each message begins, and the end.

        The stays of a station travel in one message, but piles whose link is cut or bad each in one of their own.
        """
        pile = self._stays.pile[rows]
        station, alone = self._equipment.piles.station[pile], self._ailments.has_bad_link[pile]
        order = np.lexsort((rows, alone, station))
        begins = np.flatnonzero((np.diff(station[order], prepend=-1) != 0) | alone[order])
        return rows[order], [*begins.tolist(), len(rows)]

    def _reported(self, rows: Ints, battery_wh: Floats) -> Ints:
        """Return what vehicles say that they hold, rounded down."""
        pile = self._stays.pile[rows]
        capacity = self._stays.capacity_wh[rows]
        step = np.maximum(self._resolution_wh[rows], 1.0)
        told = np.floor(battery_wh / step) * step
        told = told + self._ailments.size(pile, FaultKind.SOC_MISREPORTED) * capacity
        within: Ints = np.minimum(np.maximum(np.floor(told), 0.0), capacity).astype(np.int64)
        return within

    def _counted(self, rows: Ints) -> Floats:
        """Return what the pile counts in a battery that does not report."""
        stays, energy = self._stays, self._batteries
        gained = energy.import_wh[rows] * stays.charge_efficiency[rows]
        return np.asarray(stays.arrival_wh[rows] + gained - energy.export_wh[rows] / stays.discharge_efficiency[rows])

    def _row_station(self, row: int) -> int:
        return self._station[row]

    def _station_of(self, row: int) -> str:
        return self._station_ids[self._row_station(row)]

    def _put(self, row: int, kind: Kind, at: Instant, event: FieldEvent, stamp: Instant | None = None) -> None:
        """Send an event of a pile over its link."""
        station, name = self._row_station(row), self._stays.session_id[row]
        shown = at if stamp is None else stamp
        ailing, pile = self._ailments, self._stays.pile[row : row + 1]
        if not ailing.has_bad_link[pile[0]]:
            self._outbox.put(at, station, kind, name, shown, event)
            return
        heard_at = at
        size = float(ailing.size(pile, FaultKind.DISORDERED_EVENTS)[0])
        if size > 0.0:
            count = np.array([(at // MICROSECONDS) * len(Kind) + kind])
            rank = float(self._draws.uniform(Purpose.SCRAMBLE, self._stays.entity[row : row + 1], count)[0])
            heard_at = at + round(rank * size * MICROSECONDS)
        times = [heard_at]
        if ailing.at(pile, FaultKind.DOUBLED_EVENTS)[0]:
            times.append(heard_at + _DOUBLE_US)
        held_by = int(pile[0]) if ailing.at(pile, *CUTS_LINK)[0] else None
        for time in times:
            self._outbox.put(time, station, kind, name, shown, event, held_by)
