"""Wirings of the outside: files, chargers, markets, dispatch, authority."""
