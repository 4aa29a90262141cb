"""What the field is assumed to be like, read from TOML: each section names its source."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec

from voltherd.domain.errors import InputError
from voltherd.twin.city.distribution import Histogram

Part = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
NonNegative = Annotated[float, msgspec.Meta(ge=0.0)]
Range = tuple[float, float]
"""Least and most of a uniform distribution."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Assumptions that belong together."""

    source: str
    measured: bool
    """Whether all figures of the section are somebody's measurements."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) == 2 and value[0] > value[1]:
                raise ValueError(f"{name}: the least is above the most")


class DepartureAssumptions(Section, frozen=True, kw_only=True):
    """How true the stated departures are."""

    wrong_share: Part
    stay_edges: tuple[float, ...]
    stay_counts: tuple[int, ...]
    jitter_s: Range
    shortest_s: Positive
    told_share: Part
    told_at: Range
    turnaround_s: NonNegative

    @property
    def stay(self) -> Histogram:
        """True stay over stated stay of those who are wrong."""
        return Histogram(self.stay_edges, self.stay_counts)


class VehicleAssumptions(Section, frozen=True, kw_only=True):
    """Batteries: what they take, at which loss, and how they differ from what is announced."""

    taper_soc: tuple[float, ...]
    taper_per_hour: tuple[float, ...]
    taper_factor: Range
    efficiency_load: tuple[float, ...]
    efficiency_factor: tuple[float, ...]
    true_efficiency: Range
    most_efficiency: Part
    true_capacity: Range
    report_resolution: Part
    """Of the capacity; 0: whole watt-hours."""
    arrival_error: Range
    temperature_c: tuple[float, ...]
    battery_factor: tuple[float, ...]
    pile_temperature_c: tuple[float, ...]
    pile_factor: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        for at, value in (
            ("taper_soc", "taper_per_hour"),
            ("efficiency_load", "efficiency_factor"),
            ("temperature_c", "battery_factor"),
            ("pile_temperature_c", "pile_factor"),
        ):
            points, values = getattr(self, at), getattr(self, value)
            if len(points) != len(values) or list(points) != sorted(set(points)) or min(values) <= 0.0:
                raise ValueError(f"{at} must ascend, and {value} have as many values, all above 0")


class PileAssumptions(Section, frozen=True, kw_only=True):
    """Piles of one kind: how fast and how exactly they follow orders."""

    latency_s: Range
    answer_s: Range
    ramp_w_per_s: Range
    resolution_w: Positive
    least_charge_w: NonNegative
    least_discharge_w: NonNegative
    tracking: Range
    handshake_s: Range
    reports_share: Part


class PileKinds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kinds of piles, in the order of `equipment.PileKind`."""

    ac: PileAssumptions
    dc: PileAssumptions
    v2g: PileAssumptions
    slot: PileAssumptions

    @property
    def each(self) -> tuple[PileAssumptions, ...]:
        """All kinds, in the order of `equipment.PileKind`."""
        return (self.ac, self.dc, self.v2g, self.slot)


class MeterAssumptions(Section, frozen=True, kw_only=True):
    """Meters: class, resolution, clock."""

    class_error: Range
    resolution_wh: tuple[int, ...]
    resolution_counts: tuple[int, ...]
    clock_s: Range


class StationAssumptions(Section, frozen=True, kw_only=True):
    """Transformers and links of stations."""

    rating_over_import: Positive
    trip_after_minutes: NonNegative
    """0: never."""
    trip_minutes: Positive
    timeout_s: Positive


class SwapAssumptions(Section, frozen=True, kw_only=True):
    """Vehicles that come for a battery."""

    patience_s: Range
    ready_part: Part


class Assumptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them."""

    version: int
    departure: DepartureAssumptions
    vehicle: VehicleAssumptions
    piles: PileKinds
    meter: MeterAssumptions
    station: StationAssumptions
    swap: SwapAssumptions


def read_assumptions(path: Path | None = None) -> Assumptions:
    """Return the assumptions of a TOML file; None: those that come with the package.

    Raises
    ------
    InputError
        The file cannot be read, or a key is unknown, missing or out of range.
    """
    try:
        text = (path or files(__package__) / "assumptions.toml").read_text("utf-8")
        return msgspec.toml.decode(text, type=Assumptions)
    except (OSError, ValueError) as error:
        allowed = "the keys of the assumptions that come with the package"
        raise InputError(str(error), source=str(path or "assumptions.toml"), allowed=allowed) from error


def exact() -> Assumptions:
    """Return a field in which everything is as announced: no latency, ramp, loss by load, error or early leaver.

    What is left is the physics of limits and energies; shadow runs and tests of other parts stand on it.
    """
    base = read_assumptions()
    replace = msgspec.structs.replace
    ideal = {
        "source": "as announced",
        "latency_s": (0.0, 0.0),
        "answer_s": (0.0, 0.0),
        "ramp_w_per_s": (1e9, 1e9),
        "resolution_w": 1.0,
        "least_charge_w": 0.0,
        "least_discharge_w": 0.0,
        "tracking": (1.0, 1.0),
        "handshake_s": (0.0, 0.0),
        "reports_share": 1.0,
    }
    return replace(
        base,
        departure=replace(base.departure, wrong_share=0.0, jitter_s=(0.0, 0.0), source="as announced"),
        vehicle=replace(
            base.vehicle,
            source="as announced",
            taper_soc=(0.0, 1.0),
            taper_per_hour=(1e6, 1e6),
            taper_factor=(1.0, 1.0),
            efficiency_load=(0.0, 1.0),
            efficiency_factor=(1.0, 1.0),
            true_efficiency=(1.0, 1.0),
            most_efficiency=1.0,
            true_capacity=(1.0, 1.0),
            report_resolution=0.0,
            arrival_error=(0.0, 0.0),
            temperature_c=(0.0, 1.0),
            battery_factor=(1.0, 1.0),
            pile_temperature_c=(0.0, 1.0),
            pile_factor=(1.0, 1.0),
        ),
        piles=PileKinds(
            ac=replace(base.piles.ac, **ideal),
            dc=replace(base.piles.dc, **ideal),
            v2g=replace(base.piles.v2g, **ideal),
            slot=replace(base.piles.slot, **ideal),
        ),
        meter=replace(
            base.meter,
            source="as announced",
            class_error=(0.0, 0.0),
            resolution_wh=(1,),
            resolution_counts=(1,),
            clock_s=(0.0, 0.0),
        ),
    )
