"""The loops: plain pieces with ports in and events out; no wall clock, no sleep, no random numbers."""
