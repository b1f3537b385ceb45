"""A bug is planted in the smallest world that can show it, so each bound has a name."""

from __future__ import annotations

from lab.explore.world import Budget

ONE_COMMAND_EACH = Budget(commands=(1, 1), payloads=(1, 0))
TWO_COMMANDS = Budget(commands=(2, 0), payloads=(1, 0))
GIVE_UP = Budget(give_ups=1)
LOST_STORE = Budget(losses=1, payloads=(1, 1))
PUT_BACK = Budget(restores=1, payloads=(1, 0))
FORGETFUL = Budget(configures=(1, 1), losses=1)
