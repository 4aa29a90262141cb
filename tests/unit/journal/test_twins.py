"""Memory and SQLite side by side, against a plain model (Hypothesis)."""

import tempfile
from pathlib import Path

from hypothesis import settings

from tests.contracts.twins import Stores


class SqliteStores(Stores):
    def new_place(self) -> str:
        self.folder = tempfile.TemporaryDirectory(prefix="voltherd-")
        return str(Path(self.folder.name) / "journal.db")

    def forget(self) -> None:
        self.folder.cleanup()


TestStores = SqliteStores.TestCase
TestStores.settings = settings(max_examples=80, stateful_step_count=12, deadline=None)
