"""The steps of sessions in a pass and in a repair: those of `coupled`, with reserve among what they see."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from voltherd.flexibility.coupled.repair import leave_room
from voltherd.flexibility.coupled.rows import Members, Rows
from voltherd.flexibility.coupled.state import State
from voltherd.flexibility.coupled.sweep import Desk, Penalties, see, step
from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.reserve.rows import Holding, Margins, ReserveRows, hold, margins_for, write_margins
from voltherd.flexibility.reserve.step import step_near
from voltherd.flexibility.reserve.worth import Rates, add_worth, move_shares


class HolderDesk(NamedTuple):
    """Workspace of one thread for sessions that hold reserve."""

    desk: Desk
    margins: Margins
    energy_weight: Floats
    """Shape (>= L,)."""


def holder_desk(desk: Desk, longest: int) -> HolderDesk:
    """Return the workspace around `desk` for windows of up to `longest` intervals."""
    return HolderDesk(desk, margins_for(longest), np.empty(longest))


@njit
def visit(
    members: Members,
    rows: Rows,
    penalties: Penalties,
    state: State,
    reserve: ReserveRows,
    holding: Holding,
    rates: Rates,
    chosen: Ints,
    repairing: bool,
    holder: HolderDesk,
) -> None:
    """Let some sessions take their steps, one after the other.

    In a pass what a session holds, and its shares, follow its step at once. In a repair they stay what they were,
    and only the sessions step that stand in the way of a limit, within what the limits leave them
    (`coupled.repair`). A repair that did not see what reserve is worth would give much of it away.

    Parameters
    ----------
    state
        Powers and loads change; in a repair those of a copy.
    chosen
        The sessions; one-way ones among them hold nothing.
    """
    sessions = members.sessions
    margins = holder.margins
    stages = holder.desk.stages
    for i in chosen:
        if sessions.length[i] == 0:
            continue
        two_way = sessions.discharge_kw[i] > 0.0
        see(i, members, rows, penalties, state, stages)
        if two_way:
            write_margins(i, members, state.power, reserve.sustain, margins)
            add_worth(i, members, reserve, holding, margins, rates, stages, holder.energy_weight)
        if repairing and not leave_room(i, members, rows, state, stages.low, stages.high):
            continue
        if not two_way:
            step(i, members, rows, state, holder.desk)
            continue
        step_near(i, members, rows, state, holder.energy_weight, margins.energy, holder.desk)
        if not repairing:
            write_margins(i, members, state.power, reserve.sustain, margins)
            hold(i, members, margins, holding)
            move_shares(i, members, reserve, holding, margins, rates)
