"""Vehicles, piles, meters and stations behind the charger port, with all that can go wrong with them."""
