"""What is assumed where a record of charging does not tell: battery, state of charge, floor, readiness for V2G.

Records such as ACN-Data and OCPI CDRs hold no battery size and no state of charge. The rule here fills them in,
the same way for the same seed and session id whatever else is in the file, and says in words what it assumed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from voltherd.adapters.files.data_sets.repairs import Sieve
from voltherd.adapters.files.data_sets.stays import Stays
from voltherd.domain.errors import InputError
from voltherd.domain.tables import Floats, Repair, SessionTable, StationTable


class BatterySize(NamedTuple):
    """A battery on the road."""

    model: str
    capacity_kwh: float
    cars: int
    """Cars registered: the weight of the draw."""


BATTERIES = (
    BatterySize("Tesla Model 3", 57.5, 47_783),
    BatterySize("Tesla Model Y", 57.5, 39_261),
    BatterySize("Kia Niro", 64.8, 28_028),
    BatterySize("Volkswagen ID.3", 58.0, 23_033),
    BatterySize("Skoda Enyaq", 58.0, 21_186),
    BatterySize("Hyundai Kona", 64.0, 19_815),
    BatterySize("Peugeot 208", 46.3, 17_785),
    BatterySize("Volkswagen ID.4", 77.0, 16_449),
)
"""Capacities and registrations of the file ev_specs_v2g_enabled2024.json in ev2gym 2.0.0 (MIT)."""


class Sentence(NamedTuple):
    """A sentence to be shown, in both languages."""

    en: str
    zh: str


class Imported(NamedTuple):
    """What an importer of real records returns."""

    sessions: SessionTable
    stations: StationTable
    repairs: tuple[Repair, ...]


@dataclass(frozen=True, slots=True)
class AssumptionRule:
    """The rule, every part of it a parameter; `sentences` says it in words."""

    seed: int = 1
    v2g_share: float = 0.30
    """Share of the sessions whose car can discharge, at the charging power."""
    floor_share: float = 0.30
    """The owner's floor, as a share of the capacity; lowered to the arrival energy where that is under it."""
    departure_share: tuple[float, float] = (0.85, 1.0)
    """The state of charge at departure is drawn evenly between these."""
    stored_share: float = 0.80
    """No session stores more than this share of its battery: a smaller battery is not drawn."""
    charge_efficiency: float = 0.90
    """Battery energy per grid energy. Most frequent figure of the AC chargers in the source of `BATTERIES`."""
    discharge_efficiency: float = 0.90
    """Grid energy per battery energy. Assumed to be that of charging."""

    def __post_init__(self) -> None:
        low, high = self.departure_share
        for name, value, right in (
            ("v2g_share", self.v2g_share, 0 <= self.v2g_share <= 1),
            ("floor_share", self.floor_share, 0 <= self.floor_share <= 1),
            ("departure_share", self.departure_share, self.stored_share <= low <= high <= 1),
            ("stored_share", self.stored_share, 0 < self.stored_share <= 1),
            ("charge_efficiency", self.charge_efficiency, 0 < self.charge_efficiency <= 1),
            ("discharge_efficiency", self.discharge_efficiency, 0 < self.discharge_efficiency <= 1),
        ):
            if not right:
                allowed = "stored_share to 1, rising" if name == "departure_share" else "0 to 1 (above 0 to divide by)"
                raise InputError("out of range", source=name, value=value, allowed=allowed)

    def sentences(self) -> tuple[Sentence, ...]:
        """Return what is assumed, to be shown wherever the sessions are shown."""
        low, high = self.departure_share
        sizes = sorted({battery.capacity_kwh for battery in BATTERIES})
        return (
            Sentence(
                f"Assumed: battery sizes, drawn per session from {len(BATTERIES)} models on the road "
                f"({sizes[0]:g} to {sizes[-1]:g} kWh, weighted by registrations; ev2gym 2.0.0), seed {self.seed}; "
                f"never so small that the session stored more than {self.stored_share:.0%} of it.",
                f"假定：电池容量按会话从 {len(BATTERIES)} 款在用车型中抽取"
                f"（{sizes[0]:g} 至 {sizes[-1]:g} kWh，按登记量加权；ev2gym 2.0.0），种子 {self.seed}；"
                f"单次充入电量不超过容量的 {self.stored_share:.0%}。",
            ),
            Sentence(
                f"Assumed: state of charge at departure, evenly between {low:.0%} and {high:.0%}; at arrival it is "
                "lower by what the meter really delivered. The promise of each session is that energy.",
                f"假定：离开时的荷电状态在 {low:.0%} 与 {high:.0%} 之间均匀分布；到达时的荷电状态按电表实际电量倒推。"
                "每次会话的承诺即此电量。",
            ),
            Sentence(
                f"Assumed: the owner's floor is {self.floor_share:.0%} of the battery, or the arrival energy where "
                "that is lower.",
                f"假定：车主保底电量为容量的 {self.floor_share:.0%}，到达电量更低时取到达电量。",
            ),
            Sentence(
                f"Assumed: {self.v2g_share:.0%} of the sessions can discharge, at their charging power (none could "
                "in reality).",
                f"假定：{self.v2g_share:.0%} 的会话可放电，放电功率等于充电功率（现实中均不可放电）。",
            ),
            Sentence(
                f"Assumed: efficiency {self.charge_efficiency:.0%} charging (the usual figure of AC chargers in "
                f"ev2gym 2.0.0), {self.discharge_efficiency:.0%} discharging.",
                f"假定：充电效率 {self.charge_efficiency:.0%}（ev2gym 2.0.0 中交流充电的常见值），"
                f"放电效率 {self.discharge_efficiency:.0%}。",
            ),
        )


def assume(stays: Stays, rule: AssumptionRule) -> tuple[SessionTable, tuple[Repair, ...]]:
    """Turn cleaned stays into sessions by the rule.

    A session's energy at departure is its energy at arrival and what was delivered, battery side; so charging at
    full power from arrival reaches it, and it is never under the floor.

    Parameters
    ----------
    stays
        As `voltherd.adapters.files.data_sets.stays.clean` returns them.
    """
    size_draw = uniforms(rule.seed, "battery size", stays.session_id)
    state_draw = uniforms(rule.seed, "state at departure", stays.session_id)
    v2g_draw = uniforms(rule.seed, "v2g", stays.session_id)

    stored_kwh = rule.charge_efficiency * stays.delivered_kwh
    least_kwh = stored_kwh / rule.stored_share
    sizes = np.array([battery.capacity_kwh for battery in BATTERIES])
    sieve = Sieve(stays.session_id)
    grown = sieve.repair(
        least_kwh > sizes.max(), "stored more than the largest battery assumed: the battery was enlarged to fit"
    )
    capacity_kwh = np.where(grown, least_kwh, _draw_size(size_draw, least_kwh))

    low, high = rule.departure_share
    departure_kwh = capacity_kwh * (low + (high - low) * state_draw)
    arrival_kwh = np.maximum(departure_kwh - stored_kwh, 0.0)
    table = SessionTable(
        session_id=stays.session_id,
        station_id=stays.station_id,
        arrival=stays.arrival,
        departure=stays.departure,
        arrival_kwh=arrival_kwh,
        departure_kwh=departure_kwh,
        floor_kwh=np.minimum(rule.floor_share * capacity_kwh, arrival_kwh),
        capacity_kwh=capacity_kwh,
        charge_kw=stays.rating_kw,
        discharge_kw=np.where(v2g_draw < rule.v2g_share, stays.rating_kw, 0.0),
        charge_efficiency=np.full(len(stays), rule.charge_efficiency),
        discharge_efficiency=np.full(len(stays), rule.discharge_efficiency),
        max_discharge_kwh=np.full(len(stays), np.inf),
    )
    return table, sieve.repairs


def uniforms(seed: int, purpose: str, ids: Sequence[str]) -> Floats:
    """Return one number in [0, 1) per id, keyed by seed, purpose and id alone.

    No state runs from one draw to the next: the number of an id does not depend on the others, nor on their order.
    """
    key = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=16).digest()
    digests = b"".join(hashlib.blake2b(one.encode(), digest_size=8, key=key).digest() for one in ids)
    bits = np.frombuffer(digests, dtype="<u8") >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def _draw_size(draw: Floats, least_kwh: Floats) -> Floats:
    """Return for each draw a capacity of at least `least_kwh`, by the registrations of the models that are.

    Sorted by size those that are large enough are the tail of the table: the draw is spread over that tail.
    """
    batteries = sorted(BATTERIES, key=lambda battery: battery.capacity_kwh)
    sizes = np.array([battery.capacity_kwh for battery in batteries])
    below = np.concatenate(([0.0], np.cumsum([battery.cars for battery in batteries], dtype=np.float64)))
    first = np.minimum(np.searchsorted(sizes, least_kwh), len(sizes) - 1)
    point = below[first] + draw * (below[-1] - below[first])
    capacity: Floats = sizes[np.minimum(np.searchsorted(below, point, side="right") - 1, len(sizes) - 1)]
    return capacity
