"""A fault that comes once in a thousand years of work comes every few minutes here, and always the same way.

The worker's real batch loop, store and bundler, under a virtual clock, a seeded network and a seeded disk.
"""
