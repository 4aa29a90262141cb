"""Simulated piles behind the charger port: batteries, meters, and the fallback when no order holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voltherd.domain.events import FieldEvent, PluggedIn, RegistersRead, Reported, SetPoints, Unplugged
from voltherd.domain.interval import INTERVAL_HOURS, INTERVAL_MICROSECONDS, Horizon, Instant
from voltherd.domain.tables import SessionTable
from voltherd.domain.telemetry import PowerSample
from voltherd.flexibility.fleet import Fleet, Floats, Ints
from voltherd.flexibility.roster import Roster
from voltherd.twin.clock import SimulatedClock

_WH = 1000.0


class TwinPiles:
    """The piles of a fleet, one interval at a time, on a simulated clock.

    A pile follows its set-point within its own limits, its battery's band and the owner's floor. Where no
    unexpired set-point holds, it falls back: it charges at full power until the promise is reached, and
    discharges nothing (docs/architecture.md, promise 4). Meters count what was drawn and fed, apart, and show
    whole watt-hours.
    """

    def __init__(
        self,
        fleet: Fleet,
        sessions: SessionTable,
        station_ids: Sequence[str],
        owner_floor_kwh: Floats,
        horizon: Horizon,
        clock: SimulatedClock,
    ) -> None:
        self.fleet = fleet
        self.roster = Roster(fleet)
        self.battery_kwh = fleet.arrival_kwh.copy()
        self._sessions = sessions
        self._station_ids = station_ids
        self._owner_floor_kwh = owner_floor_kwh
        self._horizon = horizon
        self.clock = clock
        self._part = fleet.part
        self._import_wh = np.zeros(len(fleet))
        self._export_wh = np.zeros(len(fleet))
        self._order_w = np.zeros(len(fleet))
        self._order_expires = np.full(len(fleet), np.iinfo(np.int64).min)
        self._index = {session: i for i, session in enumerate(sessions.session_id)}
        self._happened: list[FieldEvent] = []
        energies = (fleet.arrival_kwh, fleet.departure_kwh, owner_floor_kwh, fleet.capacity_kwh)
        self._energies_wh: list[list[int]] = np.rint(np.stack(energies, axis=1) * _WH).astype(np.int64).tolist()

    def send(self, orders: Sequence[SetPoints]) -> None:
        """Take set-points; the latest for a session wins."""
        for order in orders:
            at = [self._index[session] for session in order.session_ids]
            self._order_w[at] = order.power_w
            self._order_expires[at] = order.expires

    def poll(self) -> Sequence[Reported[FieldEvent]]:
        """Return what happened since the last poll."""
        happened, self._happened = self._happened, []
        now = self.clock.now()
        return [Reported(now, event) for event in happened]

    def samples(self) -> Sequence[PowerSample]:
        """Return nothing: registers at the end of every interval are all that is read."""
        return ()

    def advance(self) -> None:
        """Run the interval that begins at the clock's now, and read every meter at its end."""
        now = self.clock.now()
        interval = (now - self._horizon.start) // INTERVAL_MICROSECONDS
        there = self.roster.at(interval)
        who = there.sessions
        self._charge(who, self._part[there.elements], now)
        index = who.tolist()
        names = [self._sessions.session_id[i] for i in index]
        import_wh = self._import_wh[who].astype(np.int64).tolist()
        export_wh = self._export_wh[who].astype(np.int64).tolist()
        begins = (self.fleet.start[who] == interval).tolist()
        ends = (self.fleet.start[who] + self.fleet.length[who] == interval + 1).tolist()
        read_at = self._horizon.start_of(interval + 1)
        for station, first, end in there.by_station():
            span = range(first, end)
            self._happened += [self._plugged_in(index[k]) for k in span if begins[k]]
            self._happened.append(
                RegistersRead(
                    station_id=self._station_ids[station],
                    read_at=read_at,
                    session_ids=tuple(names[first:end]),
                    import_wh=tuple(import_wh[first:end]),
                    export_wh=tuple(export_wh[first:end]),
                )
            )
            self._happened += [self._unplugged(index[k]) for k in span if ends[k]]

    def _charge(self, who: Ints, part: Floats, now: Instant) -> None:
        fleet, battery = self.fleet, self.battery_kwh[who]
        hours = part * INTERVAL_HOURS
        fallback_kw = np.minimum(
            fleet.charge_kw[who],
            np.maximum(fleet.departure_kwh[who] - battery, 0.0) / (fleet.charge_efficiency[who] * hours),
        )
        ordered_kw = np.clip(self._order_w[who] / _WH, -fleet.discharge_kw[who], fleet.charge_kw[who])
        power_kw = np.where(self._order_expires[who] > now, ordered_kw, fallback_kw)
        room_kwh = np.maximum(fleet.capacity_kwh[who] - battery, 0.0) / fleet.charge_efficiency[who]
        stock_kwh = np.maximum(battery - self._owner_floor_kwh[who], 0.0) * fleet.discharge_efficiency[who]
        drawn = np.minimum(np.maximum(power_kw, 0.0) * hours, room_kwh)
        fed = np.minimum(np.maximum(-power_kw, 0.0) * hours, stock_kwh)
        self.battery_kwh[who] = battery + drawn * fleet.charge_efficiency[who] - fed / fleet.discharge_efficiency[who]
        self._import_wh[who] += drawn * _WH
        self._export_wh[who] += fed * _WH

    def _plugged_in(self, i: int) -> PluggedIn:
        arrival_wh, promised_wh, floor_wh, capacity_wh = self._energies_wh[i]
        return PluggedIn(
            session_id=self._sessions.session_id[i],
            station_id=self._sessions.station_id[i],
            departure=int(self._sessions.departure[i]),
            arrival_wh=arrival_wh,
            promised_wh=promised_wh,
            floor_wh=floor_wh,
            capacity_wh=capacity_wh,
        )

    def _unplugged(self, i: int) -> Unplugged:
        return Unplugged(
            session_id=self._sessions.session_id[i],
            station_id=self._sessions.station_id[i],
            battery_wh=round(float(self.battery_kwh[i]) * _WH),
        )
