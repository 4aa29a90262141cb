"""One writer: an advisory lock beside the journal's file, let go by the system when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from voltherd.journal.errors import StorageError


class WriterLock:
    """The right to write to a journal, held from construction to `release`.

    The lock is on a file of its own: closing any descriptor of the database itself would drop SQLite's locks.
    The file stays when the lock is let go; removing it could hand two processes the lock at once.

    Raises
    ------
    StorageError
        Another writer holds it (names its process), or the lock file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        place = path.with_name(path.name + ".lock")
        try:
            self._file: int | None = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError(f"{path}: cannot be opened as a journal: {error.strerror}: {place}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip() or "unknown"
            self.release()
            raise StorageError(
                f"{path}: process {holder} is writing to this journal; allowed: one writer at a time"
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let the lock go; doing so twice does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
