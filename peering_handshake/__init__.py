"""Public package: what other people's programs import to use a running simulator.

It speaks HTTP and imports nothing of the programs that it asks (`shared`, `initiator`, `acceptor`, `console`), so a
project that has packages of those names, or other versions of their dependencies, can install it.
"""
