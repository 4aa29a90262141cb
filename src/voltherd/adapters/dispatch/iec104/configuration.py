"""The configuration of an outstation: where it listens, to whom, and which units it stands for."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, field

from voltherd.adapters.dispatch.configuration import read_configuration
from voltherd.adapters.dispatch.iec104.points import Point, PointList, default_points
from voltherd.domain.errors import InputError

Seconds = Annotated[float, Meta(gt=0.0)]
CommonAddress = Annotated[int, Meta(ge=1, le=65_534)]


class Direction(StrEnum):
    """Which power is positive on the wire."""

    FEEDS_IN = "feeds_in"
    """As with generators: the platform's signs are turned."""
    DRAWS = "draws"
    """As in the platform."""


class UnitAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A regulation unit: to the master, a station of its own."""

    unit: str
    common_address: CommonAddress


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time-outs and windows of the protocol (IEC 60870-5-104, clause 9.6; its default values)."""

    t1_seconds: Annotated[int, Meta(ge=1, le=255)] = 15
    """Longest wait for an acknowledgement before the connection is given up."""
    t2_seconds: Annotated[int, Meta(ge=1, le=255)] = 10
    """Longest wait before what was received is acknowledged; less than t1."""
    t3_seconds: Annotated[int, Meta(ge=1, le=172_800)] = 20
    """Silence after which the connection is tested."""
    k: Annotated[int, Meta(ge=1, le=32_767)] = 12
    """Most unacknowledged messages sent."""
    w: Annotated[int, Meta(ge=1, le=32_767)] = 8
    """Messages received after which they are acknowledged at the latest; at most two thirds of k."""


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Encryption by IEC 62351-3, where no encryption device stands in front. Paths of PEM files."""

    certificate: str
    key: str
    authority: str
    """The certificate that signed the masters' ones."""


class Iec104Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One outstation."""

    name: str
    unit: tuple[UnitAddress, ...]
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 2404
    masters: tuple[str, ...] = ("127.0.0.1",)
    """IP addresses that may connect."""
    max_connections: Annotated[int, Meta(ge=1, le=64)] = 4
    positive: Direction = Direction.FEEDS_IN
    """Assumption: dispatch counts as it does with generators."""
    time_zone: str = "Asia/Shanghai"
    """Zone of the time tags on the wire. Assumption: local time, as dispatch centres here are used to."""
    loss_seconds: Seconds = 20.0
    """A unit in AGC that gets no set-point for so long leaves it."""
    stale_seconds: Seconds = 15.0
    """Values that old are shown as invalid, and commands are refused."""
    tag_seconds: Seconds = 10.0
    """Commands whose time tag is further off, before or after, are refused."""
    clock_seconds: Seconds = 60.0
    """A master's clock that is further off is not believed."""
    select_seconds: Seconds = 10.0
    """How long a selection holds."""
    parameters: Parameters = field(default_factory=Parameters)
    tls: Tls | None = None
    point: tuple[Point, ...] = ()
    """Points in place of the default list."""

    @property
    def points(self) -> PointList:
        """The points of each unit."""
        return PointList(self.point, "the link's configuration") if self.point else default_points()

    @property
    def sign(self) -> int:
        """Factor between a power on the wire and one of the platform, and back."""
        return -1 if self.positive is Direction.FEEDS_IN else 1

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the time tags."""
        return ZoneInfo(self.time_zone)

    def check(self) -> None:
        """Refuse what the types alone do not.

        Raises
        ------
        InputError
            Naming the column: no unit, two units with one name or one common address, an unknown time zone,
            time-outs or windows that the protocol does not allow, or a list of points that cannot be served.
        """
        if not self.unit:
            raise InputError("the link has no unit", column="unit", allowed="at least one")
        for column in ("unit", "common_address"):
            counts = Counter(getattr(unit, column) for unit in self.unit)
            twice = [value for value, count in counts.items() if count > 1]
            if twice:
                raise InputError("two units have it", column=column, value=twice[0], allowed="each once")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError) as error:
            raise InputError(
                "there is no such time zone", column="time_zone", value=self.time_zone, allowed="Asia/Shanghai, UTC"
            ) from error
        if self.parameters.t2_seconds >= self.parameters.t1_seconds:
            raise InputError("is not less than t1", column="t2_seconds", value=self.parameters.t2_seconds)
        if 3 * self.parameters.w > 2 * self.parameters.k:
            raise InputError("is more than two thirds of k", column="w", value=self.parameters.w)
        self.points.check()


def read_link(path: Path) -> Iec104Link:
    """Return the checked link of a TOML file; InputError names file and place of what is wrong."""
    link = read_configuration(path, Iec104Link)
    try:
        link.check()
    except InputError as error:
        raise InputError(
            error.problem, source=str(path), column=error.column, value=error.value, allowed=error.allowed
        ) from error
    return link
