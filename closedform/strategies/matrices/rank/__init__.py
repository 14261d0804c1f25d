"""Losses of matrices of a bounded rank: truncated, or as a product of factors."""
