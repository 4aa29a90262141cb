"""The configuration of a virtual end node."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from voltherd.adapters.dispatch.configuration import read_configuration
from voltherd.domain.errors import InputError

Seconds = Annotated[float, Meta(gt=0.0)]


class Version(StrEnum):
    """Which OpenADR 3 the top node speaks."""

    V3_0 = "3.0"
    V3_1 = "3.1"


class Resource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of our units, as the top node calls it."""

    unit: str
    name: str
    """``resourceName`` at the top node."""
    simple_w: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Reduction that the levels 0 to 3 of a SIMPLE payload ask for [W]; agreed with the programme's owner."""


class Programme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A programme that we take part in."""

    name: str
    """``programName`` at the top node."""
    is_award: bool = False
    """Whether its events oblige; otherwise they invite, and we offer."""
    is_drill: bool = False
    """Whether it only rehearses: nothing is paid."""
    price_cny_per_kwh: float = 0.0
    """What is paid for a kWh of effect where the event itself names no price."""


class OpenAdrLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One virtual end node at one top node."""

    name: str
    url: str
    """Base URL, with the path before ``/programs``."""
    ven_name: str
    resource: tuple[Resource, ...]
    programme: tuple[Programme, ...]
    state: str
    """File that remembers what is known, across restarts."""
    version: Version = Version.V3_1
    client_id: str = ""
    """Empty: the top node asks for no token."""
    client_secret_file: str = ""
    """File that holds the secret, in place of the secret itself."""
    token_url: str = ""
    """Empty: ``/auth/token`` under the base URL."""
    scope: str = ""
    authority: str = ""
    """PEM file of the authority that signed the top node's certificate; empty: those the system trusts."""
    groups: tuple[str, ...] = ()
    """Groups, service areas and other targets that stand for all our units."""
    poll_seconds: Seconds = 30.0
    retry_seconds: Seconds = 1.0
    """Wait after a first failure; it doubles up to `poll_seconds`."""
    timeout_seconds: Seconds = 10.0
    """Longest wait for an answer."""
    loss_seconds: Seconds = 120.0
    """Without an answer for so long, the link counts as down. Known events go on."""
    page: Annotated[int, Meta(ge=1, le=50)] = 50
    """Objects asked for at once."""
    sample_seconds: Seconds = 10.0
    """Reported values closer together than that are not kept for reports."""
    gap_seconds: Seconds = 120.0
    """A value stands for so long until the next; what is longer counts as not measured."""

    def check(self) -> None:
        """Refuse what the types alone do not.

        Raises
        ------
        InputError
            Naming the column: no resource or programme, two with one name, a URL that is none, or a client
            without secret.
        """
        for column in ("resource", "programme"):
            entries = getattr(self, column)
            if not entries:
                raise InputError("there is none", column=column, allowed="at least one")
            twice = [name for name, count in Counter(entry.name for entry in entries).items() if count > 1]
            if twice:
                raise InputError("two have this name", column=column, value=twice[0], allowed="each once")
        units = Counter(resource.unit for resource in self.resource)
        if max(units.values()) > 1:
            raise InputError("two resources have it", column="unit", value=units.most_common(1)[0][0])
        for column in ("url", "token_url"):
            value = getattr(self, column)
            if value and not value.startswith(("http://", "https://")):
                raise InputError("is no URL", column=column, value=value, allowed="https://...")
        if not self.url:
            raise InputError("is empty", column="url", allowed="https://...")
        if self.client_id and not self.client_secret_file:
            raise InputError("is missing", column="client_secret_file", allowed="a file with the client's secret")


def read_link(path: Path) -> OpenAdrLink:
    """Return the checked link of a TOML file; InputError names file and place of what is wrong."""
    link = read_configuration(path, OpenAdrLink)
    try:
        link.check()
    except InputError as error:
        raise InputError(
            error.problem, source=str(path), column=error.column, value=error.value, allowed=error.allowed
        ) from error
    return link
