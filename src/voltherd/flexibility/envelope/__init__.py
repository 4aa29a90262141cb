"""What a fleet can draw and feed: power, cumulative energy, and the energy of every window (docs/offers.md)."""
