"""What each incident does when it begins and when it ends."""

from __future__ import annotations

import numpy as np

from voltherd.domain.events import AlarmCleared, AlarmKind, AlarmRaised, PilesChanged, PileStatus
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Ints, StationTable
from voltherd.twin.field.ailments import CUTS_LINK, FAULTED, SWITCHES_OFF, Ailments
from voltherd.twin.field.faults import FaultKind
from voltherd.twin.field.incidents import ORDER, Incident, Incidents
from voltherd.twin.field.kernel import Batteries, Outputs, Vehicles
from voltherd.twin.field.meters import Meters
from voltherd.twin.field.outbox import Kind, Outbox
from voltherd.twin.field.stays import Stays

_ALARMS = {
    FaultKind.BATTERY_ALARM: AlarmKind.BATTERY,
    FaultKind.FIRE_ALARM: AlarmKind.FIRE,
    FaultKind.FLOOD_ALARM: AlarmKind.FLOOD,
    FaultKind.GRID_ALARM: AlarmKind.GRID,
}
_LEAVES_AFTER_US = MICROSECONDS


class Striking:
    """Lets incidents strike: each changes ailments, outputs, meters or stays, and is reported where it can be seen.

    Parameters
    ----------
    plugged
        Row of the stay at each pile, -1 where there is none, shape (P,); the field keeps it.
    """

    def __init__(
        self,
        incidents: Incidents,
        ailments: Ailments,
        meters: Meters,
        stays: Stays,
        vehicles: Vehicles,
        batteries: Batteries,
        outputs: Outputs,
        plugged: Ints,
        outbox: Outbox,
        pile_ids: tuple[str, ...],
        stations: StationTable,
    ) -> None:
        self._incidents, self._ailments, self._meters = incidents, ailments, meters
        self._stays, self._vehicles, self._batteries, self._outputs = stays, vehicles, batteries, outputs
        self._plugged, self._outbox, self._pile_ids, self._stations = plugged, outbox, pile_ids, stations
        self.is_cut = np.zeros(len(pile_ids), dtype=np.bool_)
        """Which piles have no link, shape (P,)."""
        self._is_faulted = np.zeros(len(pile_ids), dtype=np.bool_)
        self._alarmed: dict[tuple[int, int, Instant], str] = {}

    def strike(self, now: Instant, closing: Ints) -> None:
        """Let incidents end and begin that are due, and switch on again the transformers of stations `closing`."""
        ended, begun = self._incidents.until(now)
        touched = [self._end(incident, now) for incident in ended]
        touched += [self._begin(incident, now) for incident in begun]
        touched += [self._ailments.change(_tripped(station), -1) for station in closing.tolist()]
        if touched:
            self._settle(np.unique(np.concatenate(touched)), now)

    def trip(self, stations: Ints, now: Instant) -> None:
        """Switch off stations whose transformer has tripped."""
        touched = [self._ailments.change(_tripped(station), 1) for station in stations.tolist()]
        if touched:
            self._settle(np.unique(np.concatenate(touched)), now)

    def _begin(self, incident: Incident, now: Instant) -> Ints:
        piles = self._ailments.change(incident, 1)
        rows = self._plugged[piles]
        rows = rows[rows >= 0]
        energy = self._batteries
        match incident.kind:
            case FaultKind.REBOOTS:
                self._outputs.waiting[piles] = 0
                self._outputs.expires[piles] = now
            case FaultKind.REGISTER_JUMP:
                self._meters.jump(rows, round(incident.size))
            case FaultKind.REGISTER_RESET:
                self._meters.reset(rows, energy.import_wh[rows], energy.export_wh[rows])
            case FaultKind.EARLY_DEPARTURE:
                leaves = np.minimum(self._vehicles.departure[rows], now + _LEAVES_AFTER_US)
                self._vehicles.departure[rows] = np.maximum(leaves, self._vehicles.arrival[rows] + 1)
            case kind if kind in _ALARMS:
                self._raise(incident, rows, now)
        return piles

    def _end(self, incident: Incident, now: Instant) -> Ints:
        alarm = self._alarmed.pop((incident.order, incident.place, incident.start), None)
        if alarm is not None:
            station = self._station(incident)
            event = AlarmCleared(alarm, self._stations.station_id[station], now)
            self._outbox.put(now, station, Kind.ALARM_CLEARED, "", now, event)
        return self._ailments.change(incident, -1)

    def _raise(self, incident: Incident, rows: Ints, now: Instant) -> None:
        kind, station = _ALARMS[incident.kind], self._station(incident)
        session = ""
        if kind is AlarmKind.BATTERY:
            if not len(rows):
                return  # no battery, no alarm
            session = self._stays.session_id[rows[0]]
        name = self._stations.station_id[station]
        alarm = f"{kind.value}-{name}-{session or 'all'}-{now // MICROSECONDS}"
        left_w = int(float(self._stations.import_kw[station]) * 1000.0 * incident.size)
        export_w = int(float(self._stations.export_kw[station]) * 1000.0) if kind is AlarmKind.GRID else 0
        event = AlarmRaised(alarm, kind, name, session, now, left_w, export_w)
        self._outbox.put(now, station, Kind.ALARM_RAISED, session, now, event)
        self._alarmed[(incident.order, incident.place, incident.start)] = alarm

    def _station(self, incident: Incident) -> int:
        return int(self._ailments.stations_of(self._ailments.piles(incident)[:1])[0])

    def _settle(self, piles: Ints, now: Instant) -> None:
        """Bring outputs, links and reported states of piles in line with what ails them."""
        ailing, outputs = self._ailments, self._outputs
        outputs.is_off[piles] = ailing.at(piles, *SWITCHES_OFF)
        partial = ailing.at(piles, FaultKind.PARTIAL_POWER)
        outputs.part[piles] = np.where(partial, ailing.size(piles, FaultKind.PARTIAL_POWER), 1.0)
        slow = ailing.at(piles, FaultKind.SLOW_RAMP)
        outputs.ramp_part[piles] = np.where(slow, ailing.size(piles, FaultKind.SLOW_RAMP), 1.0)
        was_cut, was_faulted = self.is_cut[piles], self._is_faulted[piles]
        cut, faulted = ailing.at(piles, *CUTS_LINK), ailing.at(piles, *FAULTED)
        self.is_cut[piles], self._is_faulted[piles] = cut, faulted
        for pile in piles[was_cut & ~cut].tolist():
            self._outbox.release(pile, now)
        changed = np.flatnonzero((was_cut != cut) | ((was_faulted != faulted) & ~cut))
        stations = ailing.stations_of(piles[changed])
        for station in np.unique(stations).tolist():
            rows = changed[stations == station]
            event = PilesChanged(
                station_id=self._stations.station_id[station],
                at=now,
                pile_ids=tuple(self._pile_ids[pile] for pile in piles[rows].tolist()),
                status=tuple(self._status(int(piles[k]), bool(cut[k]), bool(faulted[k])) for k in rows.tolist()),
            )
            self._outbox.put(now, station, Kind.PILES_CHANGED, "", now, event)

    def _status(self, pile: int, is_cut: bool, is_faulted: bool) -> PileStatus:
        if is_cut:
            return PileStatus.OFFLINE
        if is_faulted:
            return PileStatus.FAULTED
        return PileStatus.OCCUPIED if self._plugged[pile] >= 0 else PileStatus.AVAILABLE


def _tripped(station: int) -> Incident:
    """Return the trip of a station by its own overload: an incident like one of the plan's."""
    return Incident(0, ORDER[FaultKind.TRANSFORMER_TRIP], station, 0, 0.0)
