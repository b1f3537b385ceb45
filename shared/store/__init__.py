"""The store: what a worker keeps on disk, and the one process at a time that may use it."""
