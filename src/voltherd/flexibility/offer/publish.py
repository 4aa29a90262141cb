"""From an offer to the document that is published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voltherd.domain.interval import Horizon, datetime_of
from voltherd.flexibility.fleet import Fleet, Floats
from voltherd.flexibility.offer.document import FORMAT, Document, OfferedSession, StationPrice, Tables
from voltherd.flexibility.offer.product import Offer


def document_of(
    offer: Offer,
    fleet: Fleet,
    baseline_kw: Floats,
    horizon: Horizon,
    session_id: Sequence[str],
    station_id: Sequence[str],
    tables: Tables,
) -> Document:
    """Return the document of an offer.

    Parameters
    ----------
    offer
        What was found.
    fleet, baseline_kw
        The sessions and the flat baseline that it was found for [kW].
    session_id, station_id
        Ids in the order of the fleet and of its stations.
    tables
        Digests of what the fleet was read from.
    """
    product, certificate = offer.product, offer.certificate
    offsets, t = fleet.offsets.tolist(), fleet.interval_index - product.start
    inside = (t >= 0) & (t < product.intervals)
    load = np.bincount(t[inside], weights=baseline_kw[inside], minlength=product.intervals)
    changed = np.bincount(fleet.session_index, weights=offer.witness_kw != baseline_kw, minlength=len(fleet)) > 0
    baseline, witness = (baseline_kw + 0.0).tolist(), (offer.witness_kw + 0.0).tolist()
    value = (certificate.energy_value + 0.0).tolist()
    discharge_value = certificate.discharge_value.tolist()

    def session(i: int) -> OfferedSession:
        span = slice(offsets[i], offsets[i + 1])
        worth = tuple(value[span])
        return OfferedSession(
            session_id=session_id[i],
            baseline_kw=tuple(baseline[span]),
            power_kw=tuple(witness[span]) if changed[i] else None,
            energy_value=worth[0] if len(set(worth)) == 1 else worth,
            discharge_value=discharge_value[i],
        )

    priced = np.argwhere(certificate.station_price != 0.0).tolist()
    return Document(
        format=FORMAT,
        tables=tables,
        horizon_start=datetime_of(horizon.start).isoformat(),
        intervals=horizon.intervals,
        direction=product.direction.value,
        start=product.start,
        length=product.intervals,
        baseline_load_kw=tuple(load.tolist()),
        power_kw=offer.power_kw,
        bound_kw=offer.bound_kw,
        window_price=tuple(certificate.window_price.tolist()),
        station_price=tuple(
            StationPrice(station_id[s], interval, float(certificate.station_price[s, interval]))
            for s, interval in priced
        ),
        sessions=tuple(session(i) for i in range(len(fleet))),
    )
