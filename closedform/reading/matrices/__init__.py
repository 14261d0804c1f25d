"""Texts with matrices: which name has which shape, what the operators mean there, arrays for the names."""
