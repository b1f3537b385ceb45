"""The planted bugs: each leaves out one rule, and must be caught by the property that it breaks."""

from lab.explore.bugs.consent import CONSENT
from lab.explore.bugs.rules import OPENING, REGISTERS
from lab.explore.bugs.use import COMMANDS, PAYLOADS

BUGS = (*OPENING, *CONSENT, *REGISTERS, *COMMANDS, *PAYLOADS)

__all__ = ["BUGS"]
