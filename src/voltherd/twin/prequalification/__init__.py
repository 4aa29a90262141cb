"""Pre-qualification on the twin: the market's tests of a regulating unit, before anybody pays for a real one."""
