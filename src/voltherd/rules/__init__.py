"""Rulebooks: pure functions over effective-dated parameters with source and confidence."""
