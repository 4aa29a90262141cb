"""Small random tables for offers: stays anywhere, batteries under their floors, tight station limits."""

from dataclasses import dataclass

import numpy as np

from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon
from voltherd.domain.tables import PriceTable, SessionTable, StationLimitTable, StationTable
from voltherd.flexibility.assembly import Assembly, assemble, horizon_of
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.floors import plan_above_floors
from voltherd.flexibility.offer.document import Document, Tables
from voltherd.flexibility.offer.largest import largest_offer
from voltherd.flexibility.offer.product import Direction, Offer, Product
from voltherd.flexibility.offer.publish import document_of

T = 8
START = 1_784_044_800_000_000
DIGESTS = Tables("1", "2", "3", None)


@dataclass(frozen=True)
class Case:
    sessions: SessionTable
    stations: StationTable
    prices: PriceTable
    limits: StationLimitTable | None
    assembly: Assembly
    baseline_kw: Floats
    product: Product

    @property
    def horizon(self) -> Horizon:
        return self.assembly.horizon

    def offer(self) -> Offer:
        return largest_offer(self.assembly.problem, self.assembly.owner_floor_kwh, self.baseline_kw, self.product)

    def document(self, offer: Offer) -> Document:
        return document_of(
            offer,
            self.assembly.problem.fleet,
            self.baseline_kw,
            self.horizon,
            self.sessions.session_id,
            self.stations.station_id,
            DIGESTS,
        )


def random_case(
    seed: int,
    *,
    sessions: int = 7,
    intervals: int = T,
    two_way: bool = True,
    lossless: bool = False,
    tight: bool = True,
    capped: bool = False,
    direction: Direction | None = None,
) -> Case:
    rng = np.random.default_rng(seed)
    n = sessions
    q = INTERVAL_MICROSECONDS
    arrival = START + (rng.uniform(-0.2, 0.8, n) * intervals * q).astype(np.int64)
    departure = arrival + q // 3 + (rng.uniform(0.05, 0.8, n) * intervals * q).astype(np.int64)
    capacity = rng.uniform(10, 40, n)
    worst = 1.0 if lossless else 0.8
    table = SessionTable(
        session_id=tuple(f"S{i}" for i in range(n)),
        station_id=tuple(rng.choice(["A", "B"], n).tolist()),
        arrival=arrival,
        departure=departure,
        arrival_kwh=capacity * rng.uniform(0.0, 1.0, n),
        departure_kwh=capacity * rng.uniform(0.0, 1.0, n),
        floor_kwh=capacity * rng.uniform(0.0, 0.5, n),
        capacity_kwh=capacity,
        charge_kw=rng.choice([7.0, 22.0, 60.0], n),
        discharge_kw=rng.choice([0.0, 11.0, 30.0], n) if two_way else np.zeros(n),
        charge_efficiency=rng.uniform(worst, 1.0, n),
        discharge_efficiency=rng.uniform(worst, 1.0, n),
        max_discharge_kwh=rng.choice([0.0, 2.0, 6.0, np.inf], n) if capped else np.full(n, np.inf),
    )
    scale = 1.0 if tight else 1e4
    unknown = np.full(2, np.nan)
    stations = StationTable(
        station_id=("A", "B"),
        import_kw=rng.uniform(20, 90, 2) * scale,
        export_kw=rng.uniform(0, 30, 2) * scale,
        kind=("charging", "charging"),
        name=("", ""),
        district=("", ""),
        latitude=unknown,
        longitude=unknown,
        datum=("", ""),
        node=("", ""),
        demand_price_cny_per_kw_month=np.zeros(2),
        peak_so_far_kw=np.zeros(2),
    )
    limits = None
    if tight and rng.uniform() < 0.5:
        limits = StationLimitTable(
            station_id=("A", "B", "A"),
            start=START + q * np.array([1, 3, 4]),
            import_kw=rng.uniform(0, 60, 3),
            export_kw=rng.uniform(0, 20, 3),
            background_kw=rng.uniform(-10, 30, 3),
        )
    first = int(rng.integers(0, intervals))
    product = Product(
        direction or list(Direction)[rng.integers(2)],
        first,
        int(rng.integers(1, min(4, intervals - first) + 1)),
    )
    price = rng.uniform(0.1, 1.2, intervals)
    price[product.start : product.end] = 0.08 if product.direction is Direction.UP else 1.3
    prices = PriceTable(START + q * np.arange(intervals), price, price)
    assembly = assemble(table, stations, prices, wear_cny_per_kwh=0.1, limits=limits)
    assert assembly.horizon == horizon_of(prices)
    baseline = plan_above_floors(assembly.problem, assembly.owner_floor_kwh).power_kw
    return Case(table, stations, prices, limits, assembly, baseline, product)
