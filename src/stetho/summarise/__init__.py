"""Tensors → statistics that merge with `+`. The plain torch reference."""
