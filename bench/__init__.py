"""A figure without something to hold it against is an advertisement, so the others run too: same broker, same machine.

Nothing here is part of the installed package. Each file is a program of its own; `peering bench` starts two of each.
"""
