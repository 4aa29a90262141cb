"""One regulation unit as its outstation sees it: what it may be ordered, and what it shows."""

from __future__ import annotations

import math
import struct
from enum import StrEnum
from threading import Lock

from voltherd.adapters.dispatch.iec104.configuration import Iec104Link
from voltherd.adapters.dispatch.iec104.points import POWERS, STATES, Point, Quantity
from voltherd.domain.unit_values import UnitValues

NANOSECONDS = 1_000_000_000


class Refusal(StrEnum):
    """Why a command got a negative confirmation."""

    NOT_A_NUMBER = "not a number"
    OLD_TAG = "its time tag is too far off"
    SILENT = "the platform is silent"
    NOT_READY = "the unit is not ready"
    NOT_IN_AGC = "the unit is not in AGC"
    OUT_OF_RANGE = "outside the unit's range"


def short_float(value: float) -> float:
    """Return `value` as a short float carries it (IEEE 754, 32 bits)."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


class Unit:
    """State of a unit, shared between the library's threads and the kernel's.

    Every method takes the steady clock's nanoseconds and returns at once; nothing of the library is called with
    the lock held, so the two kinds of threads cannot wait for each other.

    Parameters
    ----------
    name
        The unit.
    link
        Where its limits of time and its signs are.
    set_point
        The point that its set-points come by.
    """

    def __init__(self, name: str, link: Iec104Link, set_point: Point) -> None:
        self.name = name
        self._sign = link.sign
        self._loss_ns = int(link.loss_seconds * NANOSECONDS)
        self._stale_ns = int(link.stale_seconds * NANOSECONDS)
        self._scale = set_point.scale
        self._lock = Lock()
        self._values: UnitValues | None = None
        self._reported_ns = 0
        self._is_on = False
        self._ordered_ns = 0

    def report(self, values: UnitValues, now_ns: int) -> None:
        """Take what the unit does and could do."""
        with self._lock:
            self._values = values
            self._reported_ns = now_ns

    def is_stale(self, now_ns: int) -> bool:
        """Return whether the platform has been silent for longer than is allowed."""
        with self._lock:
            return self._stale(now_ns)

    def _stale(self, now_ns: int) -> bool:
        return self._values is None or now_ns - self._reported_ns > self._stale_ns

    def switch(self, is_on: bool, now_ns: int) -> Refusal | None:
        """Enter AGC or leave it; leaving is never refused."""
        with self._lock:
            if is_on:
                refusal = self._unable(now_ns)
                if refusal is not None:
                    return refusal
                self._ordered_ns = now_ns
            self._is_on = is_on
            return None

    def _unable(self, now_ns: int) -> Refusal | None:
        if self._stale(now_ns):
            return Refusal.SILENT
        assert self._values is not None
        return None if self._values.is_ready else Refusal.NOT_READY

    def set_point(self, wire: float, now_ns: int) -> int | Refusal:
        """Return the net power [W] that a set-point of `wire` orders, or why it is refused.

        The range is compared as short floats, as it was told to the master: its own end, sent back, is inside.
        """
        if not math.isfinite(wire):
            return Refusal.NOT_A_NUMBER
        with self._lock:
            refusal = self._unable(now_ns)
            if refusal is not None:
                return refusal
            assert self._values is not None
            if not self._is_on:
                return Refusal.NOT_IN_AGC
            least, most = self._values.least_w, self._values.most_w
            told = sorted(short_float(self._sign * self._scale * end) for end in (least, most))
            if not told[0] <= wire <= told[1]:
                return Refusal.OUT_OF_RANGE
            self._ordered_ns = now_ns
            return min(max(round(self._sign * wire / self._scale), least), most)

    def lapse(self, now_ns: int) -> bool:
        """Leave AGC where no set-point has come for too long, and return whether that just happened."""
        with self._lock:
            if not self._is_on or now_ns - self._ordered_ns <= self._loss_ns:
                return False
            self._is_on = False
            return True

    def shown(self, points: tuple[Point, ...], now_ns: int) -> list[tuple[Point, float | bool, bool]]:
        """Return each monitored point with its value on the wire and whether that is to be believed."""
        with self._lock:
            is_fresh = not self._stale(now_ns)
            return [
                (point, self._shown(point, is_fresh), is_fresh or point.quantity in _ALWAYS_TRUE)
                for point in points
                if point.quantity not in (Quantity.SET_POINT, Quantity.AGC)
            ]

    def _shown(self, point: Point, is_fresh: bool) -> float | bool:
        values = self._values
        quantity = point.quantity
        if quantity in STATES:
            return {
                Quantity.REMOTE: self._is_on,
                Quantity.READY: is_fresh and values is not None and values.is_ready,
                Quantity.COMMS: is_fresh and values is not None and values.online_w > 0,
                Quantity.FAULT: not is_fresh,
            }[quantity]
        if quantity is Quantity.QUALITY:
            return point.scale if is_fresh else 0.0
        if values is None:
            return 0.0
        amount: float = {
            Quantity.POWER: values.power_w,
            Quantity.REACTIVE_POWER: values.reactive_var,
            Quantity.POWER_UP: values.least_w,
            Quantity.POWER_DOWN: values.most_w,
            Quantity.ENERGY_UP: values.up_wh,
            Quantity.ENERGY_DOWN: values.down_wh,
            Quantity.BASELINE: values.baseline_w,
            Quantity.CHARGE: values.charge_ppm / 1_000_000,
            Quantity.ONLINE: values.online_w,
        }[quantity]
        return short_float((self._sign if quantity in POWERS else 1) * point.scale * amount)


_ALWAYS_TRUE = frozenset({Quantity.REMOTE, Quantity.FAULT, Quantity.QUALITY})
"""What the outstation knows by itself, however silent the platform is."""
