"""Contracts: test suites that every implementation of a port must pass, subclassed where each one is tested."""

import pytest

pytest.register_assert_rewrite(*(f"tests.contracts.{name}" for name in ("crash", "journal", "retention", "twins")))
