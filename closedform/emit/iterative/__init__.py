"""Iterations for any loss: its derived gradient and Hessian as NumPy source that stands alone."""
