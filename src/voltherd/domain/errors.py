"""The tree of errors.

Every message says what is wrong, where, and what is allowed. The command line prints the message after
``error:`` and ends with `exit_status`; nothing is written after an error.
"""

from __future__ import annotations


class VoltherdError(Exception):
    """Anything that Voltherd refuses or fails at, told in one sentence."""

    exit_status = 1


class InputError(VoltherdError):
    """What was given cannot be used: a file, a row, a value, an option.

    Parameters
    ----------
    problem
        What is wrong, in one clause.
    source
        The file or option it came from.
    row
        Row of the table counted from 1, the header not counted.
    column
        Name of the column.
    value
        The offending value as it was read.
    allowed
        What would have been accepted.
    """

    exit_status = 2

    def __init__(
        self,
        problem: str,
        *,
        source: str | None = None,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        allowed: str | None = None,
    ) -> None:
        self.problem = problem
        self.source = source
        self.row = row
        self.column = column
        self.value = value
        self.allowed = allowed
        where = [str(source)] if source is not None else []
        if row is not None:
            where.append(f"row {row}")
        if column is not None:
            where.append(f"column {column}")
        if value is not None:
            shown = repr(value)
            where.append(f"value {shown if len(shown) <= 80 else shown[:77] + '...'}")
        message = ", ".join(where) + ": " + problem if where else problem
        if allowed is not None:
            message += f"; allowed: {allowed}"
        super().__init__(message)


class RuleError(VoltherdError):
    """No rule, tariff or parameter is in force for what was asked."""

    exit_status = 2


class DataUnavailableError(VoltherdError):
    """Data that had to be fetched cannot be had now (no network, a changed file, a failed hash)."""


class JournalError(VoltherdError):
    """The journal refuses an append, or finds its past changed."""


class SolverError(VoltherdError):
    """A solver ended without a usable answer."""
