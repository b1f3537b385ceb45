"""The model checker: every order of events, breadth first, on the shipped `step` functions of both ends.

The network is the set of every message ever
sent, so that loss, duplication, reordering and delay need no cases of their own; a crash is nothing but the
messages of a committed step that are said later, or never.
"""
