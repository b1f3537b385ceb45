"""The programs that the benchmark compares the workers with, on the same broker and machine.

Each file is a program of its own; `peering-lab bench` starts two of each.
"""
