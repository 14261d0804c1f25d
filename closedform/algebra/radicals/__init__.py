"""Radicals for the roots of polynomials with a solvable group; start at ``engine.radical_roots``."""
