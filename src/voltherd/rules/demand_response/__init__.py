"""Demand response in Guangdong and Guangzhou: offers, awards, baseline, effect, pay, as pure functions."""
