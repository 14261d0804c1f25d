"""Drawings of a loss, of roots, of their loops (the ``plot`` extra)."""
