"""An OpenADR 3 virtual end node: it asks a virtual top node for programmes and events, and reports back.

OpenADR 3.0 and 3.1 differ in how objects are targeted and in a few fields; both are read, and what is written follows
the configured version.
"""

from __future__ import annotations

from voltherd.adapters.dispatch.openadr.configuration import OpenAdrLink, Programme, Resource, read_link
from voltherd.adapters.dispatch.openadr.ven import Ven

__all__ = ["OpenAdrLink", "Programme", "Resource", "Ven", "read_link"]
