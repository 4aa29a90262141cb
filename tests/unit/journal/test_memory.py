"""The journal in memory keeps the contract."""

import pytest

from tests.contracts.journal import JournalContract, Place
from voltherd.journal.memory import MemoryJournal


class TestMemoryJournal(JournalContract):
    @pytest.fixture
    def place(self) -> Place:
        journal = MemoryJournal()
        return lambda: journal
