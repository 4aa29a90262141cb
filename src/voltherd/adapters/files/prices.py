"""The table *prices*."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voltherd.adapters.files.checks import refuse_gaps
from voltherd.adapters.files.columns import Number, Time
from voltherd.adapters.files.tables import ROW_LIMIT, read_table
from voltherd.domain.tables import PriceTable

KWH_PER_MWH = 1000.0

START = Time("start")
PRICE = Number("price_cny_per_mwh", low=-1e6, high=1e6)
DISCHARGE_PRICE = Number("discharge_price_cny_per_mwh", optional=True, low=-1e6, high=1e6, default=np.nan)
PRICE_COLUMNS = (START, PRICE, DISCHARGE_PRICE)


def read_prices(path: str | Path, *, row_limit: int = ROW_LIMIT) -> PriceTable:
    """Read the table *prices*: consecutive intervals, at least one; CNY/MWh become CNY/kWh.

    Raises
    ------
    InputError
        Naming the first bad cell.
    """
    table = read_table(path, PRICE_COLUMNS, row_limit=row_limit)
    refuse_gaps(table, START)
    table.settle()
    charge, discharge = table[PRICE], table[DISCHARGE_PRICE]
    return PriceTable(
        start=table[START],
        charge_price=charge / KWH_PER_MWH,
        discharge_price=np.where(np.isnan(discharge), charge, discharge) / KWH_PER_MWH,
        source=table.path.name,
    )
