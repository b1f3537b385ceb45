"""Bytes are guilty until proven otherwise: whatever is not exactly as described here is refused whole."""
