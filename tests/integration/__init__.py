"""A package, so that the ladder is found under one name however pytest is called."""
