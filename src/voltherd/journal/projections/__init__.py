"""What the journal's events add up to: rebuilt from them at any time, and never stored as truth."""
