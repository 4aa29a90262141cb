"""The top node over HTTP: tokens, pages, errors."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from voltherd.adapters.dispatch.errors import LinkError
from voltherd.adapters.dispatch.openadr.configuration import OpenAdrLink
from voltherd.adapters.dispatch.openadr.wire import Event, Program, Report, ReportHead, Token

MOST_PAGES = 200
"""A list that does not end by then is given up: the top node takes no heed of ``skip``."""
RENEW_BEFORE_SECONDS = 30.0
"""A token is renewed so long before it expires."""

Object = TypeVar("Object")


class UnavailableError(LinkError):
    """The top node did not answer, or said that it cannot now: try again later."""


class RefusedError(LinkError):
    """The top node will not do this, however often it is asked."""


class Vtn:
    """A top node, as its client. For one thread.

    Parameters
    ----------
    link
        Where it is, and who we are.
    transport
        How requests travel; None: over the network.
    steady
        Seconds since any origin; never goes back. Tokens expire by it, whatever the clocks on either side show.
    wall
        Seconds since 1970-01-01T00:00Z.
    """

    def __init__(
        self,
        link: OpenAdrLink,
        transport: httpx.BaseTransport | None = None,
        steady: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._link = link
        self._base = link.url.rstrip("/")
        trusted = ssl.create_default_context(cafile=link.authority or None)
        self._http = httpx.Client(timeout=link.timeout_seconds, transport=transport, verify=trusted, trust_env=False)
        self._steady = steady
        self._wall = wall
        self._token: str | None = None
        self._expires = 0.0
        self.malformed: Counter[str] = Counter()
        """Objects that could not be read, by reason."""
        self.clock_offset_seconds = 0.0
        """The top node's clock less ours, to a second, from its last answer [s]."""

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def programs(self) -> list[Program]:
        """Return all programmes; UnavailableError or RefusedError if they cannot be had."""
        return list(self._pages("/programs", {}, Program))

    def events(self, program_id: str) -> list[Event]:
        """Return all events of a programme, each once; UnavailableError or RefusedError if they cannot be had.

        Those that are no events are left out and told in `malformed`.
        """
        found = self._pages("/events", {"programID": program_id}, Event)
        return list({event.id: event for event in found}.values())

    def has_event(self, event_id: str) -> bool:
        """Return whether an event is there; UnavailableError or RefusedError if that cannot be found out."""
        answer = self._request("GET", f"/events/{event_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        self._content(answer)
        return True

    def has_report(self, event_id: str, name: str) -> bool:
        """Return whether a report of ours for an event is there; UnavailableError or RefusedError if not known."""
        query = {"eventID": event_id, "clientName": self._link.ven_name}
        return any(report.report_name == name for report in self._pages("/reports", query, ReportHead))

    def post_report(self, report: Report) -> None:
        """Deliver a report; one that is there already counts as delivered.

        Raises
        ------
        UnavailableError
            It may or may not be there.
        RefusedError
            It was refused for good.
        """
        answer = self._request("POST", "/reports", content=msgspec.json.encode(report))
        if answer.status_code != httpx.codes.CONFLICT:
            self._content(answer)

    def _pages(self, path: str, query: dict[str, str], kind: type[Object]) -> Iterator[Object]:
        for page in range(MOST_PAGES):
            bounds = {"skip": str(page * self._link.page), "limit": str(self._link.page)}
            answer = self._request("GET", path, params=query | bounds)
            try:
                rows = msgspec.json.decode(self._content(answer), type=list[msgspec.Raw])
            except msgspec.MsgspecError as error:
                raise UnavailableError(f"{self._link.name}: {path} answered what is no list ({error})") from error
            for row in rows:
                try:
                    yield msgspec.json.decode(row, type=kind)
                except msgspec.MsgspecError as error:
                    self.malformed[f"{path}: {error}"] += 1
            if len(rows) < self._link.page:
                return
        raise UnavailableError(f"{self._link.name}: {path} has no end")

    def _request(self, method: str, path: str, **content: Any) -> httpx.Response:
        answer = self._send(method, path, **content)
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN) and self._link.client_id:
            self._token = None  # it may have been withdrawn before its time
            answer = self._send(method, path, **content)
        return answer

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        token = self._bearer()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = self._http.request(method, self._base + path, headers=headers, **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(f"{self._link.name}: {type(error).__name__} at {path}") from error
        self._compare_clocks(answer)
        return answer

    def _content(self, answer: httpx.Response) -> bytes:
        if answer.is_success:
            return answer.content
        told = f"{self._link.name}: {answer.request.url.path} answered {answer.status_code}"
        is_passing = answer.is_server_error or answer.status_code in (
            httpx.codes.UNAUTHORIZED,
            httpx.codes.REQUEST_TIMEOUT,
            httpx.codes.TOO_MANY_REQUESTS,
        )
        raise UnavailableError(told) if is_passing else RefusedError(told)

    def _compare_clocks(self, answer: httpx.Response) -> None:
        try:
            self.clock_offset_seconds = parsedate_to_datetime(answer.headers["Date"]).timestamp() - self._wall()
        except (KeyError, ValueError):
            return

    def _bearer(self) -> str | None:
        """Return a token that is still good, by client credentials (RFC 6749, section 4.4)."""
        link = self._link
        if not link.client_id:
            return None
        if self._token is None or self._steady() >= self._expires:
            try:
                form = {
                    "grant_type": "client_credentials",
                    "client_id": link.client_id,
                    "client_secret": Path(link.client_secret_file).read_text("utf-8").strip(),
                }
                answer = self._http.post(
                    link.token_url or f"{self._base}/auth/token",
                    data=form | ({"scope": link.scope} if link.scope else {}),
                )
                token = msgspec.json.decode(self._content(answer), type=Token)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, msgspec.MsgspecError, RefusedError) as error:
                # A refused client may be let in again by its operator: the node goes on asking.
                raise UnavailableError(f"{link.name}: no token ({error})") from error
            self._token = token.access_token
            lasts = 300.0 if token.expires_in is None else token.expires_in
            self._expires = self._steady() + max(lasts - RENEW_BEFORE_SECONDS, lasts / 2)
        return self._token
