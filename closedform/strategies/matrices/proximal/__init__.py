"""Proximal maps: a square with a penalty, or over a set."""
