"""The point list: which quantity stands at which information object address, as which type."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta

from voltherd.domain.errors import InputError


class Quantity(StrEnum):
    """What a point carries. A measurement's platform unit stands in brackets."""

    POWER = "power"
    """Net power as measured [W]."""
    REACTIVE_POWER = "reactive_power"
    """Net reactive power [var]."""
    POWER_UP = "power_up"
    """End of the set-points' range that relieves the grid most [W]."""
    POWER_DOWN = "power_down"
    """End of the set-points' range that loads the grid most [W]."""
    ENERGY_UP = "energy_up"
    """Energy that could be fed in or left undrawn below the baseline [Wh]."""
    ENERGY_DOWN = "energy_down"
    """Energy that could be drawn above the baseline [Wh]."""
    BASELINE = "baseline"
    """Power without instructions [W]."""
    CHARGE = "charge"
    """State of charge of all batteries together [1]."""
    ONLINE = "online"
    """Rated charging power that is connected [W]."""
    QUALITY = "quality"
    """1 while the measurements are fresh, 0 otherwise [1]."""

    REMOTE = "remote"
    """State: the unit follows dispatch (AGC remote); off: it does not (local)."""
    READY = "ready"
    """State: the unit can follow instructions."""
    COMMS = "comms"
    """State: chargers of the unit are connected."""
    FAULT = "fault"
    """State: the platform behind the outstation is silent."""

    SET_POINT = "set_point"
    """Command: the power to hold [W]."""
    AGC = "agc"
    """Command: on enters AGC, off leaves it."""


POWERS = frozenset({Quantity.POWER, Quantity.REACTIVE_POWER, Quantity.POWER_UP, Quantity.POWER_DOWN, Quantity.BASELINE})
"""Measurements that have a direction: their sign on the wire is the link's."""
STATES = frozenset({Quantity.REMOTE, Quantity.READY, Quantity.COMMS, Quantity.FAULT})
COMMANDS = frozenset({Quantity.SET_POINT, Quantity.AGC})


class TypeId(StrEnum):
    """Type identifications of IEC 60870-5-101/104 that a point may have."""

    M_ME_NC_1 = "M_ME_NC_1"
    """Measured value, short float (13)."""
    M_ME_TF_1 = "M_ME_TF_1"
    """The same with a CP56 time tag (36)."""
    M_SP_NA_1 = "M_SP_NA_1"
    """Single-point information (1)."""
    M_SP_TB_1 = "M_SP_TB_1"
    """The same with a CP56 time tag (30)."""
    C_SE_NC_1 = "C_SE_NC_1"
    """Set-point command, short float (50)."""
    C_SE_TC_1 = "C_SE_TC_1"
    """The same with a CP56 time tag (63)."""
    C_SC_NA_1 = "C_SC_NA_1"
    """Single command (45)."""
    C_SC_TA_1 = "C_SC_TA_1"
    """The same with a CP56 time tag (58)."""


TAGGED = frozenset({TypeId.M_ME_TF_1, TypeId.M_SP_TB_1, TypeId.C_SE_TC_1, TypeId.C_SC_TA_1})
_MEASURED = frozenset({TypeId.M_ME_NC_1, TypeId.M_ME_TF_1})
_STATE = frozenset({TypeId.M_SP_NA_1, TypeId.M_SP_TB_1})
_SET_POINT = frozenset({TypeId.C_SE_NC_1, TypeId.C_SE_TC_1})
_SWITCH = frozenset({TypeId.C_SC_NA_1, TypeId.C_SC_TA_1})


def types_of(quantity: Quantity) -> frozenset[TypeId]:
    """Return the types that a point with `quantity` may have."""
    if quantity in STATES:
        return _STATE
    if quantity in COMMANDS:
        return _SET_POINT if quantity is Quantity.SET_POINT else _SWITCH
    return _MEASURED


class Point(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One information object; every unit of the link has it, under the unit's common address."""

    quantity: Quantity
    address: Annotated[int, Meta(ge=1, le=16_777_215)]
    """Information object address."""
    type: TypeId
    scale: Annotated[float, Meta(gt=0.0)] = 1.0
    """Value on the wire per platform unit: 1e-6 shows W as MW."""
    period_seconds: Annotated[float, Meta(ge=0.0)] = 0.0
    """How often the value is sent unasked; 0: only on change, or when asked."""
    dead_band: Annotated[float, Meta(ge=0.0)] = 0.0
    """Change on the wire that is sent at once; 0: none is."""
    select: bool = False
    """Whether a command has to be selected before it is executed."""


class PointList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The points that each unit has."""

    point: tuple[Point, ...]
    source: str = ""
    """Where the list comes from, and what of it is an assumption."""

    def check(self) -> None:
        """Refuse a list that cannot be served.

        Raises
        ------
        InputError
            Naming the point: two with one address or one quantity, a type that does not fit its quantity, or a
            list without power, set-point or AGC switch.
        """
        for field in ("address", "quantity"):
            counts = Counter(getattr(point, field) for point in self.point)
            twice = [value for value, count in counts.items() if count > 1]
            if twice:
                raise InputError("two points have it", column=field, value=twice[0], allowed="each once")
        for point in self.point:
            fitting = types_of(point.quantity)
            if point.type not in fitting:
                raise InputError(
                    f"a point for {point.quantity} cannot have it",
                    column="type",
                    value=str(point.type),
                    allowed=", ".join(sorted(fitting)),
                )
        missing = (COMMANDS | {Quantity.POWER}) - {point.quantity for point in self.point}
        if missing:
            raise InputError("the list has no such point", column="quantity", value=sorted(missing)[0])


def default_points() -> PointList:
    """Return the list that ships with the platform; its addresses and periods are assumptions, and say so."""
    text = files(__package__).joinpath("points_guangdong.toml").read_bytes()
    return msgspec.toml.decode(text, type=PointList)
