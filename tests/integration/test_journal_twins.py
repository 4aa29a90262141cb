"""Memory and PostgreSQL side by side, against a plain model (Hypothesis)."""

from itertools import count

import psycopg
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contracts.twins import Stores

NUMBERS = count(1)


def test_memory_and_postgres_are_twins(postgres_server, worker_id):
    class PostgresStores(Stores):
        def new_place(self) -> str:
            self.schema = f"twins_{worker_id}_{next(NUMBERS)}"
            with psycopg.connect(postgres_server, autocommit=True) as connection:
                connection.execute(f"CREATE SCHEMA {self.schema}")
            return f"{postgres_server}&options=-csearch_path%3D{self.schema}"

        def forget(self) -> None:
            with psycopg.connect(postgres_server, autocommit=True) as connection:
                connection.execute(f"DROP SCHEMA {self.schema} CASCADE")

    run_state_machine_as_test(PostgresStores, settings=settings(max_examples=40, stateful_step_count=12, deadline=None))
