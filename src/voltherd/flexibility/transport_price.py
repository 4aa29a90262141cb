"""Prices that prove a station's flow the cheapest, and the bound that follows from them.

The linear programme of one station, all energies grid side [kWh], with the letters of `transport_graph.Network`:
minimise ``sum p x + sum w max(0, n - z)`` where ``z_j = sum_t x_jt <= r_j``, ``0 <= x <= u`` and
``sum_j x_jt <= C_t``. For any scarcity prices ``mu_t >= 0`` and any ``nu_j``

    sum_j ( min over 0 <= z <= r_j of  w_j max(0, n_j - z) + nu_j z )
      + sum_j sum_t u_jt min(0, p_t + mu_t - nu_j)  -  sum_t mu_t C_t

is at most the cost of any plan (weak duality). The bound therefore rests on this sum alone, not on how the prices
were found.
"""

from __future__ import annotations

import numpy as np

from voltherd.flexibility.fleet import Floats, Ints
from voltherd.flexibility.jit import njit
from voltherd.flexibility.transport_flow import NOTHING_KWH, Search
from voltherd.flexibility.transport_graph import Network


@njit
def _spread(network: Network, search: Search, begun: int, level: float, marginal: Floats) -> None:
    """Give `level` to every interval from which those in the queue can be reached and that has none yet."""
    head, tail = 0, begun
    while head < tail:
        t = search.queue[head]
        head += 1
        for c in range(network.column_start[t], network.column_start[t + 1]):
            j = network.column[c]
            if search.session_mark[j] == 0 and network.flow[network.base[j] + t] > NOTHING_KWH:
                tail = _open(network, search, j, tail, level, marginal)


@njit
def _open(network: Network, search: Search, j: int, tail: int, level: float, marginal: Floats) -> int:
    """Put the intervals that can give session `j` more at the queue's end, at `level`; return its new end."""
    search.session_mark[j] = 1
    for s in range(network.first[j], network.end[j]):
        arc = network.base[j] + s
        if search.interval_mark[s] == 0 and network.most[arc] - network.flow[arc] > NOTHING_KWH:
            search.interval_mark[s] = 1
            marginal[s] = level
            search.queue[tail] = s
            tail += 1
    return tail


@njit
def marginal_prices(network: Network, price: Floats, order: Ints, search: Search, marginal: Floats) -> None:
    """Write what one more kWh of an interval would save, shape (T,): its price, or more where it is scarce.

    An interval is worth the most that can be reached from it by exchanges: a session short of its promise (what
    a missing kWh costs), a dearer interval (its price), a battery with room (nothing, which is more than a
    negative price). One search backwards from each of these, the greatest first.
    """
    search.interval_mark[:] = 0
    search.session_mark[: network.size] = 0
    short = np.flatnonzero(network.need[: network.size] - network.got[: network.size] > NOTHING_KWH)
    for j in short[np.argsort(-network.worth[short])]:
        if search.session_mark[j] == 0:
            tail = _open(network, search, j, 0, network.worth[j], marginal)
            _spread(network, search, tail, network.worth[j], marginal)
    filled = False
    for t in order[::-1]:
        if price[t] < 0.0 and not filled:
            filled = True
            for j in range(network.size):
                if search.session_mark[j] == 0 and network.room[j] - network.got[j] > NOTHING_KWH:
                    tail = _open(network, search, j, 0, 0.0, marginal)
                    _spread(network, search, tail, 0.0, marginal)
        if search.interval_mark[t] == 0:
            search.interval_mark[t] = 1
            marginal[t] = price[t]
            search.queue[0] = t
            _spread(network, search, 1, price[t], marginal)


@njit
def cost_and_bound(network: Network, price: Floats, marginal: Floats) -> tuple[float, float]:
    """Return the cost of the network's flow and the proven least cost of any [CNY].

    `marginal` is ``p + mu``, shape (T,) [CNY/kWh]; below the price it counts as the price.
    """
    base, most, flow = network.base, network.most, network.flow
    cost = 0.0
    bound = 0.0
    for t in range(len(price)):
        bound -= max(0.0, marginal[t] - price[t]) * network.supply[t]
    for j in range(network.size):
        need, room, worth = network.need[j], network.room[j], network.worth[j]
        # The best nu lies between the arcs in use and those that are not full.
        nu = worth if network.got[j] <= need + NOTHING_KWH else 0.0
        taken = 0.0
        for t in range(network.first[j], network.end[j]):
            arc = base[j] + t
            cost += price[t] * flow[arc]
            taken += flow[arc]
            if most[arc] - flow[arc] > NOTHING_KWH:
                nu = min(nu, max(price[t], marginal[t]))
        cost += worth * max(0.0, need - taken)
        bound += min(worth * need, nu * need, nu * room)
        for t in range(network.first[j], network.end[j]):
            bound += most[base[j] + t] * min(0.0, max(price[t], marginal[t]) - nu)
    return cost, bound
