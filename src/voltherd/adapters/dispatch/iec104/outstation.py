"""The outstation: the library's server, its points and callbacks, behind the dispatch port."""

# No postponed annotations here: the library compares the signatures of callbacks with its own types.
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from types import TracebackType
from typing import Self

import c104

from voltherd.adapters.dispatch.errors import LinkError
from voltherd.adapters.dispatch.handover import Handover
from voltherd.adapters.dispatch.iec104.configuration import Iec104Link
from voltherd.adapters.dispatch.iec104.server_points import UnitPoints, server_of
from voltherd.adapters.dispatch.iec104.time_tag import instant_of_tag
from voltherd.adapters.dispatch.iec104.unit import Refusal, Unit
from voltherd.adapters.dispatch.mapping import reported
from voltherd.adapters.dispatch.messages import LinkState, Switch, Target
from voltherd.domain.errors import InputError
from voltherd.domain.events import DispatchEvent, Reported, ResponseOffered
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.unit_values import UnitValues
from voltherd.ports import Clock

SHOW_MILLISECONDS = 500
"""How often the outstation looks by itself whether what it shows is still true."""


class Outstation:
    """An IEC 60870-5-104 outstation; every unit is a station with a common address of its own.

    A command is checked and answered on the library's thread the moment it comes; what was confirmed waits for
    `poll`. A set-point is confirmed where the platform is alive, the unit is ready and in AGC, and the value is in
    the range that the last report gave. A unit that gets no set-point for `loss_seconds` leaves AGC, and dispatch
    has to let it enter again.

    Parameters
    ----------
    link
        The configuration.
    clock
        The kernel's clock; it is asked in `poll` only.
    steady_ns
        Nanoseconds since any origin; never goes back.
    wall_us
        Microseconds since 1970-01-01T00:00Z by the system's clock, for time tags.

    Raises
    ------
    InputError
        The configuration cannot be served.
    """

    def __init__(
        self,
        link: Iec104Link,
        clock: Clock,
        steady_ns: Callable[[], int] = time.monotonic_ns,
        wall_us: Callable[[], Instant] = lambda: time.time_ns() // 1000,
    ) -> None:
        link.check()
        self.link = link
        self.refusals: Counter[Refusal] = Counter()
        """How many commands were refused, by reason."""
        self.strays: Counter[str] = Counter()
        """How many messages nobody could take (unknown address, type, cause), by reason."""
        self.clock_offset_seconds = 0.0
        """The masters' clock less ours, as the last believed synchronisation told [s]."""
        self._handover = Handover(clock, steady_ns)
        self._steady_ns = steady_ns
        self._wall_us = wall_us
        self._zone = link.zone
        points = link.points.point
        by_quantity = {str(point.quantity): point for point in points}
        self._units = {address.unit: Unit(address.unit, link, by_quantity["set_point"]) for address in link.unit}
        self._server = server_of(link)
        self._points = {
            address.unit: UnitPoints(self._server, address, points, self._units[address.unit], self._zone)
            for address in link.unit
        }
        self._showing = Lock()
        self._is_up = False
        self._unit_of = {address.common_address: self._units[address.unit] for address in link.unit}
        for unit_points in self._points.values():
            unit_points.set_point.on_receive(callable=self._on_set_point)
            unit_points.agc.on_receive(callable=self._on_agc)
        # One timer is enough for all units: it runs on the library's thread, also where the kernel stands still.
        first = next(iter(self._points.values()))
        first.power.on_timer(callable=self._on_timer, interval_ms=SHOW_MILLISECONDS)  # type: ignore[call-arg]
        self._server.on_connect(callable=self._on_connect)
        self._server.on_clock_sync(callable=self._on_clock_sync)
        self._server.on_unexpected_message(callable=self._on_unexpected_message)
        self._show()

    def open(self) -> None:
        """Begin to listen.

        Raises
        ------
        LinkError
            The port cannot be listened on.
        """
        try:
            self._server.start()
        except RuntimeError as error:
            raise LinkError(f"{self.link.name}: {self.link.host}:{self.link.port} cannot be listened on") from error

    def close(self) -> None:
        """Let all masters go and stop to listen."""
        self._server.stop()

    def report(self, values: Sequence[UnitValues]) -> None:
        """Show what units do and could do; units of other links are left out."""
        now = self._steady_ns()
        reported = [value for value in values if value.unit in self._units]
        for value in reported:
            self._units[value.unit].report(value, now)
        with self._showing:
            for value in reported:
                self._points[value.unit].show(now, value.at)

    def offer(self, offers: Sequence[ResponseOffered]) -> None:
        """Send nothing: offers do not go by this link.

        Raises
        ------
        InputError
            There is an offer.
        """
        if offers:
            raise InputError(
                "an IEC 104 link carries no offers", value=offers[0].invitation_id, allowed="a demand-response link"
            )

    def poll(self) -> Sequence[Reported[DispatchEvent]]:
        """Return what was ordered since the last poll; it never waits."""
        now = self._steady_ns()
        is_up = self._server.has_active_connections
        if is_up != self._is_up:
            self._is_up = is_up
            self._handover.put(LinkState(self.link.name, now, is_up))
        for unit in self._units.values():
            if unit.lapse(now):
                self._handover.put(Switch(unit.name, now, False, f"no set-point for {self.link.loss_seconds:g} s"))
        return reported(self._handover.drain(), 0)

    def _show(self) -> None:
        """Bring the shown values up to date, unless another thread is about it."""
        if self._showing.acquire(blocking=False):
            try:
                for points in self._points.values():
                    points.show(self._steady_ns(), self._wall_us())
            finally:
                self._showing.release()

    # The library's thread calls what follows.

    def _on_timer(self, point: c104.Point) -> None:  # noqa: ARG002 - the library looks at the signature
        self._show()

    def _on_connect(self, server: c104.Server, ip: str) -> bool:  # noqa: ARG002
        return ip in self.link.masters

    def _on_clock_sync(
        self,
        server: c104.Server,  # noqa: ARG002
        ip: str,  # noqa: ARG002
        date_time: datetime,
    ) -> c104.ResponseState:
        offset = (instant_of_tag(date_time, self._zone) - self._wall_us()) / MICROSECONDS
        if abs(offset) > self.link.clock_seconds:
            return c104.ResponseState.FAILURE
        self.clock_offset_seconds = offset
        return c104.ResponseState.SUCCESS

    def _on_unexpected_message(
        self,
        server: c104.Server,  # noqa: ARG002
        message: c104.IncomingMessage,  # noqa: ARG002
        cause: c104.Umc,
    ) -> None:
        self.strays[cause.name] += 1

    def _on_set_point(
        self,
        point: c104.Point,  # noqa: ARG002
        previous_info: c104.Information,  # noqa: ARG002
        message: c104.IncomingMessage,
    ) -> c104.ResponseState:
        now = self._steady_ns()
        unit = self._unit_of[message.common_address]
        answer = self._old(message.info) or unit.set_point(_number(message.info), now)
        if isinstance(answer, Refusal):
            return self._refuse(answer)
        self._handover.put(Target(unit.name, now, answer))
        return c104.ResponseState.SUCCESS

    def _on_agc(
        self,
        point: c104.Point,  # noqa: ARG002
        previous_info: c104.Information,  # noqa: ARG002
        message: c104.IncomingMessage,
    ) -> c104.ResponseState:
        now = self._steady_ns()
        unit = self._unit_of[message.common_address]
        is_on = bool(message.info.value)
        refusal = self._old(message.info) or unit.switch(is_on, now)
        if refusal is not None:
            return self._refuse(refusal)
        self._handover.put(Switch(unit.name, now, is_on, "dispatch"))
        return c104.ResponseState.SUCCESS

    def _old(self, info: c104.Information) -> Refusal | None:
        tag = info.recorded_at
        if tag is None:
            return None
        ours = instant_of_tag(tag, self._zone) / MICROSECONDS - self.clock_offset_seconds
        return Refusal.OLD_TAG if abs(ours - self._wall_us() / MICROSECONDS) > self.link.tag_seconds else None

    def _refuse(self, refusal: Refusal) -> c104.ResponseState:
        self.refusals[refusal] += 1
        return c104.ResponseState.FAILURE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _number(info: c104.Information) -> float:
    value = info.value
    return float(value) if isinstance(value, int | float) else float("nan")
