"""A property that no bug can break says nothing, so this package keeps bugs: each is one rule left out."""

from lab.explore.bugs.rules import OPENING, REGISTERS
from lab.explore.bugs.use import COMMANDS, PAYLOADS

BUGS = (*OPENING, *REGISTERS, *COMMANDS, *PAYLOADS)

__all__ = ["BUGS"]
