"""Regulation reserve at city scale: what two-way sessions hold back, and what it costs them."""
