"""How piles take orders, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from voltherd.domain.events import OrdersAnswered, Outcome, SetPoints
from voltherd.domain.interval import MICROSECONDS, Instant
from voltherd.domain.tables import Ints
from voltherd.twin.field.ailments import CUTS_LINK, Ailments, Bools
from voltherd.twin.field.equipment import Equipment
from voltherd.twin.field.faults import FaultKind
from voltherd.twin.field.kernel import Outputs, push
from voltherd.twin.field.outbox import Kind, Outbox


class OrderDesk:
    """Hands orders to piles and puts their answers into the outbox.

    Parameters
    ----------
    session_row
        Row of every session, by id.
    plugged
        Row of the stay at each pile, -1 where there is none, shape (P,); the field keeps it.
    """

    def __init__(
        self,
        session_row: Mapping[str, int],
        session_pile: Ints,
        plugged: Ints,
        equipment: Equipment,
        outputs: Outputs,
        ailments: Ailments,
        outbox: Outbox,
        station_row: Mapping[str, int],
        timeout_us: int,
    ) -> None:
        self._row, self._pile, self._plugged = session_row, session_pile, plugged
        self._equipment, self._outputs, self._ailments = equipment, outputs, ailments
        self._outbox, self._station_row, self._timeout_us = outbox, station_row, timeout_us

    def take(self, orders: Sequence[SetPoints], now: Instant) -> None:
        """Take set-points that are sent `now`; of several for one session the last one counts."""
        names = [name for order in orders for name in order.session_ids]
        rows = np.array([self._row.get(name, -1) for name in names], dtype=np.int64)
        power = np.array([watts for order in orders for watts in order.power_w], dtype=np.float64)
        sizes = [len(order.session_ids) for order in orders]
        start = np.repeat(np.array([max(now, order.start) for order in orders], dtype=np.int64), sizes)
        expires = np.repeat(np.array([order.expires for order in orders], dtype=np.int64), sizes)
        pile = np.where(rows >= 0, self._pile[rows], -1)
        # a session that is not plugged in has nobody who could follow; the back end itself refuses
        here = (pile >= 0) & (self._plugged[pile] == rows)
        refused, mute, late, taken = ~here, np.zeros_like(here), np.zeros_like(here), here
        ailing = self._ailments
        latency = self._equipment.latency_us[pile]
        if ailing.is_any:
            broken = here & ailing.at(pile, FaultKind.CONNECTOR_FAULT, FaultKind.TRANSFORMER_TRIP)
            unheard = here & ailing.at(pile, FaultKind.DEAF, *CUTS_LINK)
            refused |= (broken | (here & ailing.at(pile, FaultKind.REFUSES_ORDERS))) & ~unheard
            late = here & ~unheard & ailing.at(pile, FaultKind.ANSWERS_LATE)
            mute = unheard | late | (here & ailing.at(pile, FaultKind.NEVER_ANSWERS))
            ignored = ailing.at(pile, FaultKind.IGNORES_DISCHARGE) & (power < 0.0)
            taken = here & ~unheard & ~refused & ~ignored & ~ailing.at(pile, FaultKind.LIES)
            inverted = taken & ailing.at(pile, FaultKind.INVERTS_SIGN)
            if inverted.any():
                power = np.where(inverted, -power, power)
                ailing.clear(FaultKind.INVERTS_SIGN, pile[inverted])
            latency = latency + np.rint(ailing.size(pile, FaultKind.LAGS) * MICROSECONDS).astype(np.int64)
        push(pile[taken], (start + latency)[taken], power[taken], expires[taken], self._outputs)

        # whoever is not there is answered for at once
        answer_us = np.where(pile >= 0, self._equipment.answer_us[pile], 0)
        late_us = self._timeout_us + np.rint(ailing.size(pile, FaultKind.ANSWERS_LATE) * MICROSECONDS).astype(np.int64)
        end = 0
        for order, size in zip(orders, sizes, strict=True):
            part = slice(end, end + size)
            end += size
            outcomes = [Outcome.REFUSED if one else Outcome.ACCEPTED for one in refused[part].tolist()]
            self._answer(order, now, outcomes, mute[part], late[part], answer_us[part], late_us[part])

    def _answer(
        self,
        order: SetPoints,
        now: Instant,
        outcomes: list[Outcome],
        mute: Bools,
        late: Bools,
        answer_us: Ints,
        late_us: Ints,
    ) -> None:
        """Put the answers that come in time into one event, those that do not into another, late ones into more."""
        spoken, silent = np.flatnonzero(~mute), np.flatnonzero(mute)
        if len(spoken):
            self._put(order, now + int(answer_us[spoken].max()), spoken, [outcomes[k] for k in spoken.tolist()])
        if len(silent):
            self._put(order, now + self._timeout_us, silent, [Outcome.TIMED_OUT] * len(silent))
        for k in np.flatnonzero(late).tolist():
            self._put(order, now + int(late_us[k]), np.array([k]), [outcomes[k]])

    def _put(self, order: SetPoints, at: Instant, chosen: Ints, outcomes: list[Outcome]) -> None:
        names = tuple(order.session_ids[k] for k in chosen.tolist())
        event = OrdersAnswered(order.station_id, order.start, names, tuple(outcomes))
        self._outbox.put(at, self._station_row[order.station_id], Kind.ORDERS_ANSWERED, "", at, event)
