"""Rows of a linear model: their state, passes over them wherever they are, rank, refinement."""
