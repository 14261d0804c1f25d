"""Galois groups over Q: cycle types, subfields, and the decision "solvable by radicals or proven not"."""
