"""Reading a link's TOML configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from voltherd.domain.errors import InputError

Configuration = TypeVar("Configuration", bound=msgspec.Struct)


def read_configuration(path: Path, kind: type[Configuration]) -> Configuration:
    """Return the configuration `kind` that the TOML file `path` holds.

    Raises
    ------
    InputError
        The file cannot be read, is no TOML, or holds a value that `kind` does not allow; the message names the
        place within the file.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise InputError(error.strerror or "cannot be read", source=str(path)) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise InputError(str(error), source=str(path)) from error
