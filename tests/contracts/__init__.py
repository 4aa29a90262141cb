"""Contracts: test suites that every implementation of a port must pass, subclassed where each one is tested."""

import pytest

pytest.register_assert_rewrite("tests.contracts.journal")
