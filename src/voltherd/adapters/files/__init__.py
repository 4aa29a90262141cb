"""Tables and data sets on disk."""
