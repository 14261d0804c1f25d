"""The roots of one expression in one unknown: by formula, by inversion, with numbers that decide their order and signs."""
