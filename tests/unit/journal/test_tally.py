"""Entries and bytes by stream and market day."""

from datetime import date

from tests.contracts.journal import unplugged
from voltherd.domain.events import Draft
from voltherd.domain.interval import day_start
from voltherd.journal.canonical import encode_event
from voltherd.journal.memory import MemoryJournal
from voltherd.journal.segment import pack
from voltherd.journal.tally import Tally, tally

DAY = day_start(date(2026, 11, 23))


def test_what_stands_where():
    import numpy as np

    event, body = pack("s", np.array([DAY, DAY + 1]), {"x": np.array([1, 2])})
    journal = MemoryJournal()
    journal.append([Draft("b", 1, str(n), DAY + n, unplugged(1)) for n in (-1, 0, 1)])
    journal.append([Draft("a", 1, "t", event.end, event, body), Draft("b", 1, "far", 2**63 - 1, unplugged(1))])
    size = len(encode_event(unplugged(1)))
    assert tally(journal) == [
        Tally("a", "2026-11-23", 1, len(encode_event(event)), 1, len(body)),
        Tally("b", "-", 1, size, 0, 0),
        Tally("b", "2026-11-22", 1, size, 0, 0),
        Tally("b", "2026-11-23", 2, 2 * size, 0, 0),
    ]
