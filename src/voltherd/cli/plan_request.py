"""What `voltherd plan` was asked for, and which of it cannot be used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from voltherd.adapters.files.tables import check_ending
from voltherd.adapters.files.write import check_writable
from voltherd.domain.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of `voltherd plan` as they were given."""

    sessions: Path
    stations: Path
    prices: Path
    out: Path
    summary: Path
    position: Path | None
    deviation_up: float
    deviation_down: float
    limit: Path | None
    reserve: Path | None
    sustain_minutes: float
    reserve_shortfall_price: float
    station_limits: Path | None
    settle_minutes: int
    wear: float
    shortfall_price: str
    gap: float
    time_limit: float | None = None
    """Most seconds for planning."""
    ray: str | None = None
    """``auto`` or the address of a Ray cluster; None: threads of this process."""
    circulation: bool = True
    """Whether cars of a station may discharge while others there charge."""

    @property
    def asked_shortfall_price(self) -> float | None:
        """CNY per battery kWh missing at departure; None: the least that no income can beat."""
        return _shortfall_price(self.shortfall_price)


def check_options(request: Request) -> None:
    """Refuse options that cannot be used, before anything is read.

    Raises
    ------
    InputError
        Naming the option.
    """
    not_negative = {
        "--deviation-up": request.deviation_up,
        "--deviation-down": request.deviation_down,
        "--reserve-shortfall-price": request.reserve_shortfall_price,
        "--sustain-minutes": request.sustain_minutes,
        "--wear": request.wear,
        "--gap": request.gap,
    }
    for name, value in not_negative.items():
        if not (math.isfinite(value) and value >= 0):
            raise InputError("not a number of at least 0", source=name, value=value, allowed="0 or more")
    if request.time_limit is not None and not (math.isfinite(request.time_limit) and request.time_limit > 0):
        raise InputError("not a time", source="--time-limit", value=request.time_limit, allowed="seconds above 0")
    if request.settle_minutes not in (15, 60):
        raise InputError(
            "not a settlement time", source="--settle-minutes", value=request.settle_minutes, allowed="15, 60"
        )
    if request.ray is not None and not request.circulation:
        raise InputError("plans without circulation are made in this process", source="--ray", allowed="without it")
    _shortfall_price(request.shortfall_price)
    if request.out.resolve() == request.summary.resolve():
        raise InputError(
            "plan and summary are the same file", source="--summary", value=str(request.summary), allowed="two files"
        )
    check_ending(request.out)
    check_writable(request.out)
    check_writable(request.summary)


def _shortfall_price(text: str) -> float | None:
    if text == "auto":
        return None
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not (math.isfinite(price) and price >= 0):
        raise InputError("not a price", source="--shortfall-price", value=text, allowed="auto, or CNY per kWh")
    return price
