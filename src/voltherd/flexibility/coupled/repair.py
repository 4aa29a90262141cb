"""From a plan that exceeds a few limits by a little to one that keeps them all."""

from __future__ import annotations

from voltherd.flexibility.coupled.exchange import exchange
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.coupled.sweep import Desk, Penalties, see, step
from voltherd.flexibility.fleet import Floats
from voltherd.flexibility.jit import njit

OVER_KW = 1e-9
"""A load past its limit by less is rounding [kW]."""


@njit
def exceeds(s: int, rows: Rows, state: State) -> bool:
    """Return whether station s is past one of its own limits anywhere."""
    for t in range(len(state.city)):
        load = state.load[s, t]
        if load > rows.most_import[s, t] + OVER_KW or load < -rows.most_export[s, t] - OVER_KW:
            return True
    return False


@njit
def exceeds_limit(rows: Rows, state: State) -> bool:
    """Return whether the city is past a hard limit anywhere."""
    if rows.is_limit:
        for t in range(len(state.city)):
            if rows.limit[t] >= 0.0 and state.city[t] > rows.limit[t] + OVER_KW:
                return True
    return False


@njit
def leave_room(i: int, members: Members, rows: Rows, state: State, low: Floats, high: Floats) -> bool:
    """Narrow the bounds of session i to what its station and the city have left; return whether it is in the way.

    With all other sessions as they are, the session may go up by the room under the import limit and down by
    that above the export limit. Where a limit is exceeded, it must give way, towards idling at most.
    """
    sessions = members.sessions
    s = members.station[i]
    offset = sessions.offsets[i]
    in_the_way = False
    for k in range(sessions.length[i]):
        t = sessions.start[i] + k
        x = state.power[offset + k]
        room = rows.most_import[s, t] - state.load[s, t]
        if rows.is_limit and rows.limit[t] >= 0.0:
            room = min(room, rows.limit[t] - state.city[t])
        depth = rows.most_export[s, t] + state.load[s, t]
        high[k] = min(high[k], max(min(0.0, x), x + room))
        low[k] = max(low[k], min(max(0.0, x), x - depth))
        in_the_way |= (room < -OVER_KW and x > 0.0) or (depth < -OVER_KW and x < 0.0)
        low[k] = min(low[k], high[k])
    return in_the_way


@njit
def repair(
    members: Members, rows: Rows, penalties: Penalties, state: State, first: int, end: int, sweeps: int, desk: Desk
) -> bool:
    """Bring the loads of the stations ``first .. end - 1`` within their limits; return whether that was reached.

    Session by session the step is taken anew within `leave_room`, so no limit is ever exceeded by more than
    before. A promise is soft, so a one-way session can always give way; a two-way session that cannot, since
    it discharges later what it charges now, is left to others. What the sessions of a changed station then miss
    they get back by `exchange`, as far as that goes.
    """
    sessions = members.sessions
    stages = desk.stages
    reached = True
    for s in range(first, end):
        within = False
        changed = False
        for _ in range(sweeps):
            within = not exceeds(s, rows, state) and not exceeds_limit(rows, state)
            if within:
                break
            changed = True
            for i in range(members.first[s], members.first[s + 1]):
                if sessions.length[i] == 0:
                    continue
                see(i, members, rows, penalties, state, stages)
                if not leave_room(i, members, rows, state, stages.low, stages.high):
                    continue
                step(i, members, rows, state, desk)
        within = within or not exceeds(s, rows, state)
        if within and changed:
            exchange(s, members, rows, state)
        reached &= within
    return reached and not exceeds_limit(rows, state)
