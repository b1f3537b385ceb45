"""The run of one command, from its options to its exit code.

0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.
However it ends, it ends with a sentence and a code, and never with a traceback.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Concatenate, Final, NoReturn, ParamSpec

import typer

from console.client import ClientError
from console.client.clients import Clients
from console.commands.options import Options
from console.screen import Screen
from console.stack.errors import StackError
from console.stack.reply_queues import more_from
from console.topology import FileRefused, NoContext, find_context
from console.web.errors import ServerError
from shared.broker.errors import ControlPlaneError

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130

P = ParamSpec("P")


def run(
    options: Options,
    job: Callable[Concatenate[Clients, Screen, P], Awaitable[int]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> NoReturn:
    """Find the context, do a job with the clients of its accounts, and exit with the code that follows."""

    async def with_clients(screen: Screen) -> int:
        context = find_context(options.topology, options.acting)
        more_slots = more_from(Path(context.source).parent)
        async with Clients(context, options.patience_seconds, more_slots) as clients:
            return await job(clients, screen, *args, **kwargs)

    run_plainly(options.as_json, with_clients)


def run_plainly(
    as_json: bool,  # noqa: FBT001 - an option of the command line
    job: Callable[Concatenate[Screen, P], Awaitable[int]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> NoReturn:
    """Do a job that needs no context, and exit with the code that follows."""
    screen = Screen(as_json=as_json)
    try:
        code = asyncio.run(_done(job(screen, *args, **kwargs), screen))
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    raise typer.Exit(code)


async def _done(job: Awaitable[int], screen: Screen) -> int:
    """Return the job's exit code, and say why where there is none."""
    try:
        return await job
    except ClientError as error:
        screen.failed(error.code, error.sentence, error.outcome)
        return FAILED
    except (StackError, ServerError) as error:
        screen.failed(type(error).__name__, f"{error}.")
        return FAILED
    except ControlPlaneError as error:
        screen.failed("ControlPlane", f"{str(error).rstrip('.')}.")
        return FAILED
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        screen.failed("SystemError", f"{error.strerror or error}.")
        return FAILED
    except (NoContext, FileRefused) as error:
        screen.failed(type(error).__name__, str(error))
        return WRONG_USAGE
