"""The descriptors that a stack takes: as many as this process may have are allowed to it, and to its broker."""

from __future__ import annotations

import resource
from typing import Final

from console.stack.errors import StackRefused

HIGHEST: Final = 65_536
"""Enough for 20,000 endpoints. Without an end Erlang reserves memory for as many as it may have."""

PER_ENDPOINT: Final = 3
"""Here its output and its process, and one to spare; in the broker its two connections."""

BESIDES: Final = 512
"""What a page with many readers, the control plane and the broker itself take."""


def allow_descriptors(endpoints: int) -> None:
    """Raise this process's soft limit, which the broker inherits. Raises StackRefused if the hard one is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = HIGHEST if hard == resource.RLIM_INFINITY else min(hard, HIGHEST)
    needed = PER_ENDPOINT * endpoints + BESIDES
    if highest < needed:
        raise StackRefused(
            f"{endpoints} endpoints take about {needed} open files, and this process may have {highest}: "
            "see `ulimit -Hn`, or run fewer endpoints"
        )
    if soft != resource.RLIM_INFINITY and soft < highest:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
