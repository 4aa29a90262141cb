"""The loop that settles: when a vehicle has left and all prices of its stay are known, its statement is issued."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voltherd.domain.events import Reported, StatementIssued
from voltherd.domain.interval import INTERVAL_MICROSECONDS, Horizon, Instant
from voltherd.domain.money import MICRO_PER_CNY
from voltherd.domain.tables import Ints
from voltherd.journal.projections.fleet import Left, Moved, Taken
from voltherd.kernel.metered import Metered
from voltherd.kernel.settle import Terms, settle
from voltherd.kernel.state import State

HOUR_US = 3_600_000_000

Moves = list[tuple[Instant, Instant, int, int]]
"""Begin, end, energy drawn and fed [Wh] of each reading of a session."""


class Settling:
    """Keeps what meters showed until the statement that it belongs to.

    Parameters
    ----------
    wear_micro_per_kwh
        Battery wear per kWh fed in, made good to the owner.
    owner_percent
        Owner's share of a gain [%].
    """

    def __init__(self, wear_micro_per_kwh: int, owner_percent: int) -> None:
        self._wear = wear_micro_per_kwh
        self._owner_percent = owner_percent
        self._moves: dict[str, Moves] = {}
        self._awaiting: list[Left] = []

    def take(self, taken: Taken) -> None:
        """Take in what meters showed and who has left."""
        for left in taken.left:
            self._moves.setdefault(left.session_id, [])
        for moved in taken.moved:
            self._move(moved)
        self._awaiting += taken.left

    def _move(self, moved: Moved) -> None:
        rows = zip(
            moved.sessions,
            moved.begin.tolist(),
            moved.import_wh.tolist(),
            moved.export_wh.tolist(),
            strict=True,
        )
        for session, begin, import_wh, export_wh in rows:
            if import_wh or export_wh:
                self._moves.setdefault(session, []).append((begin, moved.end, import_wh, export_wh))

    def run(self, state: State) -> list[Reported[StatementIssued]]:
        """Return the statements that can be issued now, each with the instant of departure that it is dated by."""
        known = state.market.charge_price
        ready = [left for left in self._awaiting if self._is_priced(state, left)]
        if not ready:
            return []
        done = {left.session_id for left in ready}
        self._awaiting = [left for left in self._awaiting if left.session_id not in done]
        first = min(left.since for left in ready)
        last = max(
            [left.at for left in ready] + [end for left in ready for _, end, _, _ in self._moves[left.session_id]]
        )
        start = first - first % INTERVAL_MICROSECONDS
        horizon = Horizon(start, -(-(last - start) // INTERVAL_MICROSECONDS) or 1)
        charge = np.nan_to_num(known.over(horizon))
        discharge = np.nan_to_num(state.market.discharge_price.over(horizon))
        terms = Terms(_micro(charge), _micro(discharge), self._wear, self._owner_percent)
        moves = [self._moves.pop(left.session_id) for left in ready]
        actual = _metered(moves, horizon)
        baseline = _metered([_uncontrolled(left) for left in ready], horizon)
        found = settle(actual, baseline, terms, len(ready))
        columns = (
            found.energy_bill,
            found.discharge_pay,
            found.wear,
            found.baseline_bill,
            found.owner_gain,
            found.operator_gain,
        )
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            Reported(left.at, StatementIssued(left.session_id, left.station_id, *row))
            for left, row in zip(ready, rows, strict=True)
        ]

    def _is_priced(self, state: State, left: Left) -> bool:
        start = left.since - left.since % INTERVAL_MICROSECONDS
        intervals = -(-(self._end(left) - start) // INTERVAL_MICROSECONDS)
        return state.market.charge_price.known_from(start) >= intervals

    def _end(self, left: Left) -> Instant:
        return max([left.at, *(end for _, end, _, _ in self._moves[left.session_id])])


def _uncontrolled(left: Left) -> Moves:
    """Return the stay as it would have been: full power from the plug-in on until the promise was reached."""
    need_wh = max(left.promised_wh - left.arrival_wh, 0) * 1_000_000 // max(left.charge_ppm, 1)
    if left.charge_w <= 0 or need_wh == 0:
        return []
    end = min(left.since + need_wh * HOUR_US // left.charge_w, left.at)
    return [(left.since, end, left.charge_w * (end - left.since) // HOUR_US, 0)] if end > left.since else []


def _metered(sessions: Sequence[Moves], horizon: Horizon) -> Metered:
    """Return energies by interval: what moved over several is spread by time, the rest of the division to the last."""
    who, interval, drawn, fed = [], [], [], []
    for i, moves in enumerate(sessions):
        for begin, end, import_wh, export_wh in moves:
            first = (begin - horizon.start) // INTERVAL_MICROSECONDS
            last = (max(end - 1, begin) - horizon.start) // INTERVAL_MICROSECONDS
            left_in, left_out = import_wh, export_wh
            for t in range(first, last + 1):
                share_in, share_out = left_in, left_out
                if t < last:
                    until = horizon.start_of(t + 1) - max(begin, horizon.start_of(t))
                    share_in = import_wh * until // (end - begin)
                    share_out = export_wh * until // (end - begin)
                who.append(i)
                interval.append(t)
                drawn.append(share_in)
                fed.append(share_out)
                left_in, left_out = left_in - share_in, left_out - share_out
    return Metered(*(np.array(column, dtype=np.int64) for column in (who, interval, drawn, fed)))


def _micro(price_cny_per_kwh: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Ints:
    found: Ints = np.rint(price_cny_per_kwh * MICRO_PER_CNY).astype(np.int64)
    return found
