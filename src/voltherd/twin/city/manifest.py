"""What `city.json` says of a city: counts, sources, and what is assumed."""

from __future__ import annotations

from datetime import date

import msgspec
import numpy as np

from voltherd import __version__
from voltherd.twin.city.digest import content_sha256
from voltherd.twin.city.model import ORIGIN, City

SOURCES = (
    "Totals: Guangzhou's plan for vehicle-grid interaction 2025-2027 (穗工信函〔2025〕255号), secondary texts.",
    (
        "Start hour, duration and energy of public charging: 441,077 transactions of Jiaxing, 2020-2021, Zhang et "
        "al. (2025), figshare 28182251; histograms of Public-EV-Charging-Datasets-Review-and-Explorer @a5d12959 "
        "(MIT)."
    ),
    "Piles per station: Shenzhen, UrbanEV @14a019a3 (CC0) and ST-EVCDP @c9f048b3 (MIT).",
    "Sizes and powers of cars: Open EV Data @8edb266d (CDLA-Permissive-2.0), Chinese makes, not sales-weighted.",
    "Names and codes of districts: national area codes; their centres are approximate.",
)

ASSUMPTIONS = (
    "No station, pile, vehicle or session of this city exists.",
    "Districts' weights, types and places of stations, mix of pile powers and clearing nodes.",
    "Import limits: contracted for 39 to 95 % of the sum of the piles' power, by type and size of the station.",
    (
        "Public stations: transactions at slow piles are the long ones, a tenth of all; a transaction's duration is "
        "taken as the stay, its energy as drawn at the pile."
    ),
    "Workplaces, residents, depots and motorways: arrivals, stays and energies.",
    (
        "V2G: 1,120 piles of 15, 30 and 60 kW at workplaces, residences and depots, where stays are long; 85 to "
        "90 % of the long stays consent; floors of 15 to 40 % of the battery; 40 % limit the energy discharged."
    ),
    "Swap stations: sizes of batteries, 8.6 swaps per slot and day on average, one round of slots per stay.",
    "Battery energy at arrival and wanted at departure, and all efficiencies.",
    "About one wish in a hundred cannot be reached even at full power.",
    "Piles are empty when the first day begins.",
)


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of a city."""

    districts: int
    charging_stations: int
    swap_stations: int
    piles: int
    v2g_piles: int
    v2g_piles_recognised: int
    export_stations: int
    swap_slots: int
    sessions: int
    v2g_sessions: int
    import_mw: float
    """Sum of the stations' import limits [MW]."""
    export_mw: float
    """Sum of the stations' export limits [MW]."""
    pile_mw: float
    """Sum of the power of piles and slots [MW]."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `city.json`."""

    origin: str
    seed: int
    first_day: date
    days: int
    version: str
    """Of Voltherd."""
    content_sha256: str
    """Over the values, not the files (`digest.content_sha256`)."""
    counts: Counts
    sources: tuple[str, ...]
    assumptions: tuple[str, ...]


def manifest(city: City) -> Manifest:
    """Return what `city.json` says."""
    stations, piles, slots, sessions = city.stations, city.piles, city.slots, city.sessions
    swap = stations.kind.count("swap")
    return Manifest(
        origin=ORIGIN,
        seed=city.seed,
        first_day=city.day,
        days=city.days,
        version=__version__,
        content_sha256=content_sha256(city),
        counts=Counts(
            districts=len(set(stations.district)),
            charging_stations=len(stations) - swap,
            swap_stations=swap,
            piles=len(piles),
            v2g_piles=int((piles.discharge_kw > 0).sum()),
            v2g_piles_recognised=int(piles.v2g_recognised.sum()),
            export_stations=int((stations.export_kw > 0).sum()),
            swap_slots=len(slots),
            sessions=len(sessions),
            v2g_sessions=int((sessions.discharge_kw > 0).sum()),
            import_mw=_mw(stations.import_kw),
            export_mw=_mw(stations.export_kw),
            pile_mw=_mw(np.concatenate([piles.charge_kw, slots.charge_kw])),
        ),
        sources=SOURCES,
        assumptions=ASSUMPTIONS,
    )


def _mw(power_kw: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return round(float(power_kw.sum()) / 1000.0, 3)
