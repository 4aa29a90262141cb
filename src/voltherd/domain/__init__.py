"""Values, assets, sessions, money, errors and events: plain data that imports nothing else of ours."""
