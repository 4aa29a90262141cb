"""The evidence pack of a pre-qualification: page, figures, raw samples, hashes."""
