"""Retention of a journal in memory keeps the contract."""

import pytest

from tests.contracts.journal import Place
from tests.contracts.retention import RetentionContract
from voltherd.journal.memory import MemoryJournal


class TestMemoryRetention(RetentionContract):
    @pytest.fixture
    def place(self) -> Place:
        journal = MemoryJournal()
        return lambda: journal
