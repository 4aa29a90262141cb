"""Battery-swap stations: batteries in slots, arriving empty and leaving full against a forecast (docs/swap.md)."""
