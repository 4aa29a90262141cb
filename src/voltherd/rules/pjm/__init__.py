"""PJM's regulation performance score and credit, for comparison with a well-known market (docs/regulation.md)."""
