"""Errors of the links to dispatch."""

from __future__ import annotations

from voltherd.domain.errors import VoltherdError


class LinkError(VoltherdError):
    """A link cannot be opened, or its partner answered something that cannot be used."""


class ExtraMissingError(LinkError):
    """A link needs an optional package that is not installed."""

    exit_status = 2

    def __init__(self, link: str, package: str, extra: str) -> None:
        super().__init__(
            f"the {link} link needs the package {package}, which is not installed; "
            f"allowed: pip install 'voltherd[{extra}]'"
        )
