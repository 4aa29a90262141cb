"""Multipliers of the coupling rows: what a next plan may begin with."""

from __future__ import annotations

from typing import NamedTuple

from voltherd.flexibility.fleet import Floats


class RowPrices(NamedTuple):
    """In the form of prices added to those of the market [CNY/kWh]."""

    station: Floats
    """mu: positive where import is short, negative where export is, shape (S, T)."""
    peak: Floats
    """Share of the demand charge that an interval bears, shape (S, T)."""
    position: Floats
    """lam, shape (B,)."""
    limit: Floats
    """Of the city's limit, >= 0, shape (T,)."""
