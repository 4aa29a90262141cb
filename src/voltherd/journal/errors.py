"""What a journal refuses, told apart by type because callers answer each differently."""

from __future__ import annotations

from voltherd.domain.errors import JournalError


class StaleEpochError(JournalError):
    """Another writer has taken the stream over: whoever gets this must stop writing to it."""


class KeyConflictError(JournalError):
    """The business key is there with other content: the caller's records contradict the journal's."""


class RefusedError(JournalError):
    """A draft cannot become an entry: a wrong type, an empty key, a body that does not fit its segment."""


class BrokenChainError(JournalError):
    """The stored past is not what was written."""


class StorageError(JournalError):
    """The storage cannot be opened, read or written."""
