"""Frequency regulation in the southern region (总调市场〔2025〕4号) as pure functions: docs/regulation.md."""
