"""However a command ends, it ends with a sentence and an exit code, and never with a traceback.

0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import typer

from console.client import Refused, Unanswered
from console.client.clients import Clients
from console.commands.options import Options
from console.screen import Screen
from console.topology import NoContext, TopologyRefused, find_context
from shared.broker.errors import ControlPlaneError

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130

Job: TypeAlias = Callable[[Clients, Screen], Awaitable[int]]
PlainJob: TypeAlias = Callable[[Screen], Awaitable[int]]


def run(options: Options, job: Job) -> None:
    """Find the context, do the job with its owners, and exit with the code that follows."""

    async def with_owners(screen: Screen) -> int:
        context = find_context(options.topology, options.acting)
        async with Clients(context, options.patience_seconds) as clients:
            return await job(clients, screen)

    run_plainly(options, with_owners)


def run_plainly(options: Options, job: PlainJob) -> None:
    """Do a job that needs no context, and exit with the code that follows."""
    screen = Screen(as_json=options.as_json)
    try:
        code = asyncio.run(_told(job, screen))
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    raise typer.Exit(code)


async def _told(job: PlainJob, screen: Screen) -> int:
    try:
        return await job(screen)
    except Refused as refused:
        screen.refused(refused.code, refused.sentence)
        return FAILED
    except Unanswered as trouble:
        screen.failed(trouble.code, trouble.sentence)
        return FAILED
    except ControlPlaneError as error:
        screen.failed("ControlPlane", f"{str(error).rstrip('.')}.")
        return FAILED
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        screen.failed("SystemError", f"{error.strerror or error}.")
        return FAILED
    except (NoContext, TopologyRefused) as error:
        screen.failed(type(error).__name__, str(error))
        return WRONG_USAGE
