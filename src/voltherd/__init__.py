"""Voltherd: a V2G virtual power plant for a city."""

__version__ = "0.1.0"
