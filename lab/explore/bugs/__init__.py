"""The planted bugs: each leaves out one rule, and must be caught by the property that it breaks."""

from lab.explore.bugs.rules import OPENING, REGISTERS
from lab.explore.bugs.use import COMMANDS, PAYLOADS

BUGS = (*OPENING, *REGISTERS, *COMMANDS, *PAYLOADS)

__all__ = ["BUGS"]
