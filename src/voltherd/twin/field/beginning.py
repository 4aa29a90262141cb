"""The arrays that the kernel moves, as they are at the start."""

from __future__ import annotations

import numpy as np

from voltherd.domain.interval import Instant
from voltherd.domain.tables import Floats
from voltherd.twin.city.model import PileTable
from voltherd.twin.field.assumptions import VehicleAssumptions
from voltherd.twin.field.kernel import QUEUE, Batteries, Curves, Outputs, Vehicles
from voltherd.twin.field.stays import Stays

LONG_AGO = np.iinfo(np.int64).min
"""An instant before all others."""


def vehicles_of(stays: Stays, start: Instant) -> Vehicles:
    """Return the vehicles of stays as they truly are; who came before `start` comes then."""
    arrival = np.maximum(stays.arrival, start)
    return Vehicles(
        pile=stays.pile,
        arrival=arrival,
        ready=arrival + stays.handshake_us,
        departure=stays.true_departure.copy(),
        reports=stays.reports,
        stated_arrival_wh=stays.arrival_wh.astype(np.float64),
        stated_charge_efficiency=stays.charge_efficiency,
        stated_discharge_efficiency=stays.discharge_efficiency,
        promised_wh=stays.promised_wh.astype(np.float64),
        floor_wh=stays.floor_wh.astype(np.float64),
        capacity_wh=stays.true_capacity_wh,
        charge_w=stays.charge_w,
        discharge_w=stays.true_discharge_w,
        charge_efficiency=stays.true_charge_efficiency,
        discharge_efficiency=stays.true_discharge_efficiency,
        taper=stays.taper,
    )


def batteries_of(stays: Stays) -> Batteries:
    """Return the batteries of stays at their arrival."""

    def zeros() -> Floats:
        return np.zeros(len(stays))

    return Batteries(
        battery_wh=stays.true_arrival_wh.copy(),
        import_wh=zeros(),
        export_wh=zeros(),
        loss_wh=zeros(),
        read_at=np.full(len(stays), LONG_AGO, dtype=np.int64),
        read_battery_wh=zeros(),
        read_import_wh=zeros(),
        read_export_wh=zeros(),
    )


def outputs_of(piles: int) -> Outputs:
    """Return the outputs of piles at rest, without orders."""
    return Outputs(
        power_w=np.zeros(piles),
        order_w=np.zeros(piles),
        expires=np.full(piles, LONG_AGO, dtype=np.int64),
        due_at=np.zeros((piles, QUEUE), dtype=np.int64),
        due_w=np.zeros((piles, QUEUE)),
        due_expires=np.zeros((piles, QUEUE), dtype=np.int64),
        first=np.zeros(piles, dtype=np.int64),
        waiting=np.zeros(piles, dtype=np.int64),
        is_off=np.zeros(piles, dtype=np.bool_),
        part=np.ones(piles),
        ramp_part=np.ones(piles),
    )


def curves_of(vehicle: VehicleAssumptions) -> Curves:
    """Return the curves of batteries."""
    return Curves(
        np.array(vehicle.taper_soc),
        np.array(vehicle.taper_per_hour),
        np.array(vehicle.efficiency_load),
        np.array(vehicle.efficiency_factor),
    )


def join_piles(piles: PileTable, slots: PileTable) -> PileTable:
    """Return the piles and, counted on after them, the slots of swap stations."""
    return PileTable(
        pile_id=(*piles.pile_id, *slots.pile_id),
        station=np.concatenate([piles.station, slots.station]),
        role=np.concatenate([piles.role, slots.role]),
        charge_kw=np.concatenate([piles.charge_kw, slots.charge_kw]),
        discharge_kw=np.concatenate([piles.discharge_kw, slots.discharge_kw]),
        v2g_recognised=np.concatenate([piles.v2g_recognised, slots.v2g_recognised]),
    )
