"""Losses in numbers that are read without expressions: large ones, and those over the rows of a table."""
