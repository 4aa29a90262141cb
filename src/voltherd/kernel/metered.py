"""From register readings to energy by session and interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

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


def journaled_readings(journal: Journal) -> Iterator[RegistersRead]:
    """Yield the register readings of a journal in order."""
    for entry in journal.read(FIELD):
        if isinstance(entry.event, RegistersRead):
            yield entry.event


def metered(readings: Iterable[RegistersRead], index: dict[str, int], horizon: Horizon) -> Metered:
    """Return the energy that registers show.

    Parameters
    ----------
    readings
        In the order of their instants.
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
    for read_at, together in groupby(readings, key=lambda event: event.read_at):
        events = list(together)
        who = np.array([index[session] for event in events for session in event.session_ids], dtype=np.int64)
        import_wh = np.array([wh for event in events for wh in event.import_wh], dtype=np.int64)
        export_wh = np.array([wh for event in events for wh in event.export_wh], dtype=np.int64)
        drawn, fed = import_wh - last_import[who], export_wh - last_export[who]
        if drawn.min(initial=0) < 0 or fed.min(initial=0) < 0:
            back = who[np.flatnonzero((drawn < 0) | (fed < 0))[0]]
            name = next(session for session, i in index.items() if i == back)
            raise JournalError(f"session {name}: a register ran backwards")
        last_import[who], last_export[who] = import_wh, export_wh
        interval = (read_at - horizon.start) // INTERVAL_MICROSECONDS - 1
        parts.append((who, np.full(len(who), interval, dtype=np.int64), drawn, fed))
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Metered(none, none, none, none)
    session, intervals, drawn, fed = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Metered(session, intervals, drawn, fed)
