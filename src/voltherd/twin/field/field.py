"""The field behind the charger port: vehicles come and go, piles follow orders, meters are read, things break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from voltherd.domain.events import FieldEvent, Reported, SetPoints
from voltherd.domain.interval import INTERVAL_MICROSECONDS, MICROSECONDS, Instant
from voltherd.domain.tables import Floats, Ints, StationTable
from voltherd.domain.telemetry import PowerSample
from voltherd.twin.city.model import PileTable
from voltherd.twin.clock import SimulatedClock
from voltherd.twin.field.ailments import Ailments
from voltherd.twin.field.assumptions import Assumptions, read_assumptions
from voltherd.twin.field.beginning import LONG_AGO, batteries_of, curves_of, outputs_of, vehicles_of
from voltherd.twin.field.draws import Draws
from voltherd.twin.field.equipment import build
from voltherd.twin.field.faults import NO_FAULTS, FaultPlan
from voltherd.twin.field.incidents import Incidents
from voltherd.twin.field.kernel import Batteries, Vehicles, advance
from voltherd.twin.field.meters import Meters
from voltherd.twin.field.orders import OrderDesk
from voltherd.twin.field.outbox import Outbox
from voltherd.twin.field.reports import Reports
from voltherd.twin.field.samples import Columns, Samples
from voltherd.twin.field.stays import Stays
from voltherd.twin.field.striking import Striking
from voltherd.twin.field.swap_queues import SwapQueues
from voltherd.twin.field.transformers import Transformers
from voltherd.twin.field.weather import Weather, along, mild


class TwinField:
    """Vehicles, piles, meters and stations, and their faults: a `voltherd.ports.ChargerPort`.

    Whoever drives it calls `send`, then `advance(until)`, then moves the clock to `until`, then `poll`.

    Parameters
    ----------
    stays
        N stays, no two at one pile at the same time.
    piles
        P piles, ordered by station; slots of swap stations count on after them (`beginning.join_piles`).
    stations
        S stations.
    weather
        None: 25 degrees Celsius.
    faults
        What goes wrong.
    seed
        Of everything that is drawn in the field; the stays have been drawn before.
    clock
        The simulated time; the field never moves it.
    assumptions
        None: those of the package.
    step_s
        Longest internal step; it divides 900. Faults begin and end with a step, and transformers are looked at
        after each; vehicles, orders and meters are met exactly whatever the step.
    sample_s
        Time between two samples of telemetry, a multiple of `step_s`; 0: none.

    Raises
    ------
    ValueError
        The steps do not divide a quarter of an hour, or the samples do not fall on their ends.
    """

    def __init__(
        self,
        stays: Stays,
        piles: PileTable,
        stations: StationTable,
        *,
        weather: Weather | None = None,
        faults: FaultPlan = NO_FAULTS,
        seed: int,
        clock: SimulatedClock,
        assumptions: Assumptions | None = None,
        step_s: int = 60,
        sample_s: int = 0,
    ) -> None:
        if step_s < 1 or 900 % step_s:
            raise ValueError(f"a step of {step_s} s does not divide a quarter of an hour")
        if sample_s and sample_s % step_s:
            raise ValueError(f"samples every {sample_s} s do not fall on the ends of steps of {step_s} s")
        self._assumptions = assumptions or read_assumptions()
        self._clock, self._weather, self._step_us = clock, weather or mild(), step_s * MICROSECONDS
        self.now: Instant = clock.now()
        """Up to when the field has been moved."""
        draws = Draws(seed)
        # who is put into which slot of a swap station is decided as the vehicles come
        self.stays = stays = replace(stays, pile=stays.pile.copy())
        self.equipment = build(piles, stations, draws, self._assumptions)
        self._vehicles = vehicles_of(stays, self.now)
        self._batteries = batteries_of(stays)
        self._outputs = outputs_of(len(piles))
        vehicle = self._assumptions.vehicle
        self._curves = curves_of(vehicle)
        self._plugged = np.full(len(piles), -1, dtype=np.int64)
        self._active = np.zeros(0, dtype=np.int64)
        self.swaps = SwapQueues(
            stays,
            self._vehicles,
            self.equipment,
            self._batteries.battery_wh,
            self._plugged,
            draws,
            self._assumptions.swap,
        )
        self._coming = self.swaps.others[np.argsort(self._vehicles.arrival[self.swaps.others], kind="stable")]
        self._arrivals = self._vehicles.arrival[self._coming]
        self._next = 0
        self._outbox = Outbox()
        ailments = Ailments(self.equipment.piles.station, len(stations))
        meters = Meters(stays, self.equipment, ailments, draws)
        self._reports = Reports(
            stays,
            self._vehicles,
            self._batteries,
            self.equipment,
            ailments,
            meters,
            self._outbox,
            draws,
            piles.pile_id,
            stations.station_id,
            vehicle.report_resolution,
        )
        self.transformers = Transformers(self.equipment.rating_w, self._assumptions.station)
        self._desk = OrderDesk(
            {name: row for row, name in enumerate(stays.session_id)},
            stays.pile,
            self._plugged,
            self.equipment,
            self._outputs,
            ailments,
            self._outbox,
            {name: row for row, name in enumerate(stations.station_id)},
            round(self._assumptions.station.timeout_s * MICROSECONDS),
        )
        self._striking = Striking(
            Incidents(
                faults,
                draws,
                self.equipment.entity,
                self.equipment.piles.station,
                self.equipment.station_entity,
                stations.station_id,
                self.now,
            ),
            ailments,
            meters,
            stays,
            self._vehicles,
            self._batteries,
            self._outputs,
            self._plugged,
            self._outbox,
            piles.pile_id,
            stations,
        )
        self._stations = len(stations)
        self._samples = Samples(sample_s, self.equipment.piles.station, stations.station_id, stays.session_id)
        self._plug(self.now)

    def send(self, orders: Sequence[SetPoints]) -> None:
        """Take set-points at the clock's now; piles follow them after their latency."""
        self._desk.take(orders, self._clock.now())

    def poll(self) -> Sequence[Reported[FieldEvent]]:
        """Return what was heard since the last poll, ordered by (instant, station, kind, session)."""
        return self._outbox.take(self._clock.now())

    def samples(self) -> Sequence[PowerSample]:
        """Return what was sampled since the last call, by instant, then station; piles without a link are left out."""
        return self._samples.by_session()

    def advance(self, until: Instant) -> None:
        """Move the field to `until`; the clock stays.

        Raises
        ------
        ValueError
            `until` has passed.
        """
        if until < self.now:
            raise ValueError(f"the field stands at {self.now} and does not go back to {until}")
        while self.now < until:
            # steps end at whole multiples, so that a run does not depend on how it is cut into calls
            end = min(until, (self.now // self._step_us + 1) * self._step_us)
            self._step(self.now, end)
            self.now = end

    def pile_power_w(self) -> Floats:
        """Return the net power of every pile now, as its meter shows it, shape (P,); NaN where its link is cut."""
        shown = self._outputs.power_w * self.equipment.meter_gain
        known: Floats = np.where(self._striking.is_cut, np.nan, shown)
        return known

    def station_power_w(self) -> Floats:
        """Return the net power of every station now, as its gateway's meter shows it, shape (S,)."""
        power: Floats = np.zeros(self._stations)
        np.add.at(power, self.equipment.piles.station, self._outputs.power_w)
        return power

    def take_samples(self) -> dict[str, tuple[Ints, Columns]]:
        """Return what was sampled since the last call, or the last `samples`, as columns by station.

        Each station has its instants and the columns ``pile``, counted from 1 in the order of the table of piles,
        and ``power_w``: what `voltherd.journal.segment.pack` takes.
        """
        return self._samples.by_station()

    @property
    def truth(self) -> Batteries:
        """What truly is in the batteries, and what truly flowed [Wh]; views that go on changing."""
        return self._batteries

    @property
    def vehicles(self) -> Vehicles:
        """The stays as they truly are, departures included; views that may go on changing."""
        return self._vehicles

    def _step(self, begin: Instant, end: Instant) -> None:
        self._striking.strike(begin, self.transformers.closing(begin))
        self.swaps.serve(begin, end)
        self._plug(end)
        active, vehicles = self._active, self._vehicles
        clock = self._reports.clock_us(np.arange(self._stations))
        stamp = ((begin + clock) // INTERVAL_MICROSECONDS + 1) * INTERVAL_MICROSECONDS
        reading = np.where(stamp - clock <= end, stamp - clock, LONG_AGO)
        import_wh, export_wh = np.zeros(self._stations), np.zeros(self._stations)
        assumed, temperature_c = self._assumptions.vehicle, self._weather.at(begin)
        advance(
            active,
            begin,
            end,
            reading,
            vehicles,
            self._batteries,
            self.equipment.piles,
            self._outputs,
            self._curves,
            along(temperature_c, assumed.temperature_c, assumed.battery_factor),
            along(temperature_c, assumed.pile_temperature_c, assumed.pile_factor),
            import_wh,
            export_wh,
        )
        tripping = self.transformers.load((import_wh - export_wh) * (3.6e9 / (end - begin)), begin, end)
        self._striking.trip(tripping, end)
        self._report(begin, end, reading, stamp)
        if self._samples.is_due(end):
            heard = np.flatnonzero((self._plugged >= 0) & ~self._striking.is_cut)
            shown = self._outputs.power_w[heard] * self.equipment.meter_gain[heard]
            self._samples.sample(end, heard, self._plugged[heard], shown)

    def _plug(self, end: Instant) -> None:
        """Plug in the vehicles that arrive up to `end`, and report them."""
        last = int(np.searchsorted(self._arrivals, end, side="right"))
        rows = self._coming[self._next : last]
        rows = rows[self._vehicles.departure[rows] > self._vehicles.arrival[rows]]
        self._next = last
        brought = self.swaps.brought(end)
        if len(brought):
            rows = np.concatenate([rows, brought])
            rows = rows[np.lexsort((rows, self._vehicles.arrival[rows]))]
        self._active = np.concatenate([self._active, rows])
        self._plugged[self._vehicles.pile[rows]] = rows
        for row in rows.tolist():
            self._reports.plugged_in(row, int(self._vehicles.arrival[row]))

    def _report(self, begin: Instant, end: Instant, reading: Ints, stamp: Ints) -> None:
        """Report what happened to the active stays in (begin, end], and let go those that left."""
        active, vehicles = self._active, self._vehicles
        departure = vehicles.departure[active]
        ready = np.maximum(vehicles.ready[active], vehicles.arrival[active] + 1)
        for row in active[(ready > begin) & (ready <= end) & (ready < departure)].tolist():
            self._reports.capability_known(row, int(max(vehicles.ready[row], vehicles.arrival[row])))
        told = self.stays.told_at[active]
        for row in active[(told > begin) & (told <= end) & (told < departure)].tolist():
            self._reports.promise_changed(row, int(self.stays.told_at[row]))
        if (reading > begin).any():
            read_at = reading[self.equipment.piles.station[vehicles.pile[active]]]
            fresh = (read_at > begin) & (self._batteries.read_at[active] == read_at) & (departure > read_at)
            self._reports.read(active[fresh], reading, stamp)
        leaves = departure <= end
        gone = active[leaves]
        if len(gone):
            self._reports.unplugged(gone, vehicles.departure[gone])
            pile = vehicles.pile[gone]
            self._plugged[pile[self._plugged[pile] == gone]] = -1
            self._active = active[~leaves]
