"""Soak: two workers under steady load, to see whether anything of them grows."""
