"""Where trading units are planned: in threads of this process, or on the workers of a Ray cluster."""
