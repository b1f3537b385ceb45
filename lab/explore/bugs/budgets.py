"""The bounds in which bugs are planted: each the smallest that can show its bugs."""

from __future__ import annotations

from lab.explore.state import Budget

ONE_COMMAND_EACH = Budget(commands=(1, 1), payloads=(1, 0))
TWO_COMMANDS = Budget(commands=(2, 0), payloads=(1, 0))
GIVE_UP = Budget(give_ups=1)
LOST_STORE = Budget(losses=1, payloads=(1, 1))
PUT_BACK = Budget(restores=1, payloads=(1, 0))
FORGETFUL = Budget(configures=(1, 1), losses=1)
