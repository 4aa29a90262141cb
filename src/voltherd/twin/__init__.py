"""The simulated city behind the same ports."""
