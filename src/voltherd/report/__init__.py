"""Pages and tables for people: they read results and change nothing."""
