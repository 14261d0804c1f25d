"""Tables that are too large for exact arithmetic: float64 blocks of rows, from memory or straight from their file."""
