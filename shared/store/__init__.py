"""An end is its memory: whoever holds the file is the endpoint, and nobody else can be at the same time."""
