"""The command `voltherd`: the table of commands, and how errors end a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import typer

from voltherd import __version__
from voltherd.domain.errors import VoltherdError


class Command(NamedTuple):
    """Where a command lives and the one line that the list of commands shows."""

    module: str
    about: str
    group: bool = False
    """Has commands of its own: the module holds a Typer `app` in place of `run`."""


COMMANDS = {
    "demo": Command("voltherd.cli.demo", "A market day of a city, from sessions to statements and a picture."),
    "plan": Command("voltherd.cli.plan", "Plan charging and discharging of a table of sessions."),
    "simulate": Command("voltherd.cli.simulate", "Run a city's days on the twin, through the live kernel."),
    "prequalify": Command("voltherd.cli.prequalify", "Test a regulating unit as the market would, on the twin."),
    "offer": Command("voltherd.cli.offer", "Find the most power that can be sold for a time, and prove it."),
    "swap": Command("voltherd.cli.swap", "Plan battery-swap stations against a forecast of swaps."),
    "city": Command("voltherd.cli.city", "Write a synthetic city: stations, piles and sessions."),
    "backtest": Command("voltherd.cli.backtest", "Measure what forecasts are worth on recorded days."),
    "data": Command("voltherd.cli.data", "Obtain the real data sets that the demo uses.", group=True),
    "journal": Command("voltherd.cli.journal", "Look after a journal: verify, retain, export, stats.", group=True),
    "doctor": Command("voltherd.cli.doctor", "Find and explain what is wrong with this installation."),
    "bench": Command("voltherd.cli.bench", "Measure the planner and the journal against fair rivals, in one run."),
}

INTERRUPTED = 130


def _placeholder() -> None:
    """Stand in the list for a command that was not asked for, so that its module need not be loaded."""


def application(arguments: Sequence[str]) -> typer.Typer:
    """Build the application, loading only the module of the command that `arguments` ask for."""
    app = typer.Typer(
        name="voltherd",
        help="Voltherd: a V2G virtual power plant for a city.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def _root(
        version: bool = typer.Option(False, "--version", help="Print the version and end."),
    ) -> None:
        if version:
            typer.echo(f"voltherd {__version__}")
            raise typer.Exit

    asked = next((word for word in arguments if not word.startswith("-")), None)
    for name, command in COMMANDS.items():
        if name != asked:
            app.command(name, help=command.about)(_placeholder)
        elif command.group:
            app.add_typer(import_module(command.module).app, name=name, help=command.about)
        else:
            app.command(name)(import_module(command.module).run)
    return app


def main() -> None:
    """Run the command line and end the process: 2 for bad input, 1 for a failure, 130 when interrupted."""
    try:
        application(sys.argv[1:])()
    except VoltherdError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # the reader of our output has gone: nothing more to say, and nothing to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
