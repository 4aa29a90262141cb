"""From register readings in the journal to energy by session and interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherd.domain.errors import JournalError
from voltherd.domain.events import RegistersRead
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon
from voltherd.flexibility.fleet import Ints
from voltherd.kernel.day import FIELD
from voltherd.ports import Journal


@dataclass(frozen=True, slots=True)
class Metered:
    """Metered energy, one element per session and interval in which its meter was read."""

    session: Ints
    """Index of the session."""
    interval: Ints
    """Interval of the horizon."""
    import_wh: Ints
    """Energy drawn in the interval [Wh], >= 0."""
    export_wh: Ints
    """Energy fed in in the interval [Wh], >= 0."""


def read_metered(journal: Journal, index: dict[str, int], horizon: Horizon) -> Metered:
    """Return the energy that the registers in the journal show.

    Parameters
    ----------
    index
        Index of every session by its id.
    horizon
        The intervals; a reading belongs to the interval that ends with it.

    Raises
    ------
    JournalError
        A register ran backwards.
    """
    last_import = np.zeros(len(index), dtype=np.int64)
    last_export = np.zeros(len(index), dtype=np.int64)
    parts: list[tuple[Ints, Ints, Ints, Ints]] = []
    for entry in journal.read(FIELD):
        event = entry.event
        if not isinstance(event, RegistersRead):
            continue
        who = np.array([index[session] for session in event.session_ids], dtype=np.int64)
        interval = (event.read_at - horizon.start) // INTERVAL_MICROSECONDS - 1
        import_wh = np.array(event.import_wh, dtype=np.int64)
        export_wh = np.array(event.export_wh, dtype=np.int64)
        drawn, fed = import_wh - last_import[who], export_wh - last_export[who]
        if drawn.min(initial=0) < 0 or fed.min(initial=0) < 0:
            raise JournalError(f"stream {FIELD}, sequence {entry.position.sequence}: a register ran backwards")
        last_import[who], last_export[who] = import_wh, export_wh
        parts.append((who, np.full(len(who), interval, dtype=np.int64), drawn, fed))
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Metered(none, none, none, none)
    session, intervals, drawn, fed = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Metered(session, intervals, drawn, fed)
