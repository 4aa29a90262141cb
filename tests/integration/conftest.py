"""A real PostgreSQL for the tests that need one: one server for all workers, a schema for every test."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """URL of a server that all workers of this run share; it ends with the last of them."""
    from voltherd.cli.throwaway_postgres import postgres

    base = tmp_path_factory.getbasetemp()
    folder: Path = base if worker_id == "master" else base.parent
    with postgres(folder) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str, worker_id: str) -> Iterator[str]:
    """URL of an empty schema of its own."""
    import psycopg

    name = f"test_{worker_id}_{next(NUMBERS)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{postgres_server}&options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")
