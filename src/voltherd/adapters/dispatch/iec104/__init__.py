"""An IEC 60870-5-104 outstation (DL/T 634.5104): dispatch is the master, the platform answers and reports.

The protocol itself is spoken by the library c104, which is licensed under GPL-3 and therefore optional: the extra
``iec104`` installs it, and nothing but `outstation` and `server_points` imports it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from voltherd.adapters.dispatch.errors import ExtraMissingError
from voltherd.adapters.dispatch.iec104.configuration import Iec104Link
from voltherd.ports import Clock

if TYPE_CHECKING:
    from voltherd.adapters.dispatch.iec104.outstation import Outstation

__all__ = ["Iec104Link", "open_outstation"]


def open_outstation(link: Iec104Link, clock: Clock) -> Outstation:
    """Return a listening outstation; close it after use, or use it as a context manager.

    Raises
    ------
    ExtraMissingError
        The library c104 is not installed.
    LinkError
        The port cannot be listened on.
    """
    try:
        import_module("c104")
    except ImportError as error:
        raise ExtraMissingError("IEC 60870-5-104", "c104", "iec104") from error
    from voltherd.adapters.dispatch.iec104.outstation import Outstation

    outstation = Outstation(link, clock)
    outstation.open()
    return outstation
