"""Reports: one frozen ``Report`` (``model``), one neutral document made from it (``document``), and sibling renderers.

Nothing is imported here, so that ``closedform verify`` reaches ``verification`` without SymPy.
"""
