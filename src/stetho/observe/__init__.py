"""Model or script → tensors, handed to a sink. Knows no statistics."""
