"""Planning what couples sessions without a solver: augmented Lagrangian, block descent over sessions, exact blocks."""
