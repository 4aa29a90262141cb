"""What comes next, from what has been: sessions, departures and prices, in whole numbers on every machine.

All of it rests on one thing, a weight for every past day (`day_weights`): means, quantiles, scenarios and the
sessions that a plan expects are weighted counts of what happened on those days. Nothing here computes a
logarithm, an exponential or a sum of fractions, so a forecast has the same bits wherever it is replayed.
"""
