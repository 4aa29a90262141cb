"""What a report shows: figures already computed, in the units and signs of docs/contracts.md.

Texts for people come in two languages as `Text`. Series have one value per interval of the horizon.
"""

from __future__ import annotations

from datetime import date

import msgspec


class Text(msgspec.Struct, frozen=True):
    """One text in the languages of the reports."""

    en: str
    zh: str


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One layer of the stacked power: a site, a kind of pile."""

    name: Text
    charge_kw: list[float]
    """Charging power, >= 0 [kW]."""
    discharge_kw: list[float]
    """Discharging power, <= 0 [kW]."""


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """What one session was promised and what it left with, battery side [kWh]."""

    session_id: str
    arrival_kwh: float
    promised_kwh: float
    held_kwh: float


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One session's statement; money in CNY rounded to the fen, as strings so that nothing is rounded again."""

    session_id: str
    station_id: str
    arrival: str
    """ISO 8601 with offset."""
    departure: str
    charged_kwh: float
    discharged_kwh: float
    uncontrolled_bill_cny: str
    energy_bill_cny: str
    discharge_pay_cny: str
    wear_cny: str
    owner_gain_cny: str
    operator_gain_cny: str


class MapDistrict(msgspec.Struct, frozen=True, kw_only=True):
    """A district of the schematic map."""

    name: Text
    ring: list[tuple[float, float]]
    """Corners as (longitude, latitude) [degrees]."""


class MapStation(msgspec.Struct, frozen=True, kw_only=True):
    """A station on the schematic map."""

    station_id: str
    name: Text
    kind: str
    """charging | swap"""
    v2g: bool
    longitude: float
    latitude: float
    sessions: int
    charged_kwh: float
    discharged_kwh: float
    peak_kw: float
    """Highest mean import of an interval under the plan [kW]."""
    import_kw: float
    """Limit [kW]."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table that ends a run: one quantity, uncontrolled and planned."""

    label: Text
    unit: Text
    uncontrolled: str
    """Already formatted; empty where it has no meaning."""
    plan: str
    strong: bool = False


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One market day of one fleet: a tab of the report."""

    key: str
    """``real`` or ``city``."""
    title: Text
    summary: Text
    """One sentence that says what this is and what came out."""
    synthetic: bool
    """Shown as a badge wherever the case is named."""
    foreign_prices: bool
    """Shown as a badge wherever a price or an amount is shown."""
    day: date
    start: str
    """Start of the first interval, ISO 8601 with offset."""
    intervals: int
    price_label: Text
    charge_price: list[float]
    """[CNY/kWh]"""
    discharge_price: list[float]
    """[CNY/kWh]"""
    uncontrolled_kw: list[float]
    groups: list[Group]
    battery_kwh: list[float]
    """Energy in the plugged-in batteries at each interval's end under the plan [kWh]."""
    battery_uncontrolled_kwh: list[float]
    battery_least_kwh: list[float]
    """Least energy from which every promise can still be kept (and every floor) [kWh]."""
    battery_full_kwh: list[float]
    """Capacity of the plugged-in batteries [kWh]."""
    departures: list[Departure]
    table: list[Row]
    headline: list[Row]
    """Four or five figures that a reader should see first (only `plan` is used)."""
    statements: list[SessionLine]
    """Some of the statements: those with the largest gains."""
    statements_total: int
    districts: list[MapDistrict]
    stations: list[MapStation]
    notes: list[Text]
    """Assumptions, what-ifs, rules of conversion."""
    repairs: list[Text]
    sources: list[Text]
    """Source, licence, citation."""
    departures_total: int | None = None
    """How many departures there were, where `departures` holds only some of them."""
    kept_within_kwh: float = 0.05
    """A promise is shown as kept when no more than this is missing [kWh]."""


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a demo: one or more cases."""

    title: Text
    version: str
    made_from: Text
    """The command that made it."""
    cases: list[Case]
