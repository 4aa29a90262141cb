"""The library's server and points, made and kept true."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import c104

from voltherd.adapters.dispatch.iec104.configuration import Iec104Link, UnitAddress
from voltherd.adapters.dispatch.iec104.points import COMMANDS, TAGGED, Point, Quantity
from voltherd.adapters.dispatch.iec104.time_tag import tag_of_instant
from voltherd.adapters.dispatch.iec104.unit import Unit
from voltherd.domain.errors import InputError
from voltherd.domain.interval import Instant

TICK_MILLISECONDS = 50
"""Period of the library's thread that sends what is due; commands do not wait for it."""

_GOOD = c104.Quality()
_BAD = c104.Quality.Invalid | c104.Quality.NonTopical  # type: ignore[operator] # the library's types lack it


def server_of(link: Iec104Link) -> c104.Server:
    """Return the library's server for `link`, not yet listening.

    Raises
    ------
    InputError
        A certificate or key cannot be loaded.
    """
    server = c104.Server(
        ip=link.host,
        port=link.port,
        tick_rate_ms=TICK_MILLISECONDS,
        select_timeout_ms=round(link.select_seconds * 1000),
        max_connections=link.max_connections,
        transport_security=_security(link),
    )
    protocol = server.protocol_parameters
    protocol.message_timeout = link.parameters.t1_seconds
    protocol.confirm_interval = link.parameters.t2_seconds
    protocol.keep_alive_interval = link.parameters.t3_seconds
    protocol.send_window_size = link.parameters.k
    protocol.receive_window_size = link.parameters.w
    return server


def _security(link: Iec104Link) -> c104.TransportSecurity | None:
    if link.tls is None:
        return None
    security = c104.TransportSecurity(validate=True, only_known=False)
    try:
        security.set_certificate(cert=link.tls.certificate, key=link.tls.key)
        security.set_ca_certificate(cert=link.tls.authority)
    except ValueError as error:
        raise InputError(str(error), column="tls", allowed="PEM files of certificate, key and authority") from error
    security.set_version(min=c104.TlsVersion.TLS_1_2, max=c104.TlsVersion.TLS_1_3)
    return security


class UnitPoints:
    """The points of one unit in the library's server.

    `show` is called by one thread at a time.
    """

    def __init__(
        self, server: c104.Server, address: UnitAddress, points: tuple[Point, ...], unit: Unit, zone: ZoneInfo
    ) -> None:
        station = server.add_station(address.common_address)
        assert station is not None, "common addresses were checked to differ"
        self._unit = unit
        self._zone = zone
        self._points = points
        self._made = {point.address: _make(station, point) for point in points}
        self._sent: dict[int, tuple[float | bool, bool]] = {}
        of = {point.quantity: self._made[point.address] for point in points}
        self.set_point = of[Quantity.SET_POINT]
        self.agc = of[Quantity.AGC]
        self.power = of[Quantity.POWER]

    def show(self, now_ns: int, at: Instant) -> None:
        """Put the unit's values on its points, and send those at once that changed enough.

        Parameters
        ----------
        now_ns
            The steady clock's nanoseconds.
        at
            When the values were measured, for those that have a time tag.
        """
        for point, value, is_true in self._unit.shown(self._points, now_ns):
            before = self._sent.get(point.address)
            made = self._made[point.address]
            is_state = isinstance(value, bool)
            has_moved = before is None or before[1] != is_true
            if not has_moved and before is not None:
                gap = abs(value - before[0])
                has_moved = gap > 0 if is_state else 0 < point.dead_band <= gap
            if is_state and not has_moved:
                continue  # its time tag says when it changed
            tag = tag_of_instant(at, self._zone) if point.type in TAGGED else None
            quality = _GOOD if is_true else _BAD
            made.info = (
                c104.SingleInfo(on=bool(value), quality=quality, recorded_at=tag)
                if is_state
                else c104.ShortInfo(actual=float(value), quality=quality, recorded_at=tag)
            )
            if has_moved:
                self._sent[point.address] = (value, is_true)
                made.transmit(cause=c104.Cot.SPONTANEOUS)


def _make(station: c104.Station, point: Point) -> c104.Point:
    is_command = point.quantity in COMMANDS
    made = station.add_point(
        io_address=point.address,
        type=getattr(c104.Type, point.type),
        report_ms=0 if is_command else round(point.period_seconds * 1000),
        command_mode=c104.CommandMode.SELECT_AND_EXECUTE if point.select else c104.CommandMode.DIRECT,
    )
    assert made is not None, "addresses were checked to differ"
    return made
