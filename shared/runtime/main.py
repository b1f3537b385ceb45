"""The worker's program: reads its settings, runs one worker until it is told to stop, and says how it ended.

Both ends' workers start here; what makes one of them special comes in as a value.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

import uvloop
from pydantic import ValidationError
from pydantic_settings import CliApp, SettingsConfigDict

from shared.broker.amqp import silence_client_library
from shared.protocol.words import Role
from shared.runtime.batch import End, StepFunction
from shared.runtime.logs import logger
from shared.runtime.settings import WorkerSettings
from shared.runtime.settings_errors import problems
from shared.runtime.worker import Worker
from shared.store.errors import StoreRefused

if TYPE_CHECKING:
    from shared.runtime.tracing import WorkerTracing

WRONG_USAGE, REFUSED, DONE = 2, 1, 0

GARBAGE_THRESHOLD_OBJECTS: Final = 20_000
"""New containers until the collector looks at the youngest; Python's default of 700 is a hundred steps."""


_NOBODY: Final = (
    *("--endpoint=vpc-0", "--account=nobody", "--region=nowhere", "--accept-from=nobody"),
    *("--broker=amqp://127.0.0.1", "--store=nobody.sqlite"),
)


def run(role: Role, step: StepFunction) -> int:
    """Run one worker until it is told to stop. Returns 0 after a drained end, 1 if refused, 2 for wrong usage."""
    try:
        settings = _settings(role)
        end = End(settings.end(role), role, step)
    except ValidationError as error:
        return _wrong(role, *problems(error))
    except ValueError as error:
        return _wrong(role, str(error))
    try:
        tracing = _tracing(settings, end)
    except ImportError:
        return _wrong(role, "otlp-endpoint: it needs pip install 'peering-handshake[otel]'")
    log = logger(settings.log_format, settings.log_level, worker=end.endpoint.id, account=end.endpoint.account)
    silence_client_library()
    _collect_seldom()
    try:
        uvloop.run(_until_told(Worker(settings, end, log, tracing)))
    except StoreRefused as error:
        log.error("refused", reason=str(error))  # noqa: TRY400 - the sentence is the whole story
        return REFUSED
    log.info("stopped")
    return DONE


def prepare(role: Role) -> None:
    """Read the settings of a worker that is none: what that makes for the first time those forked from here share.

    It is 2.5 MiB of memory and 8 ms of processor time for each of them.
    """
    CliApp.run(_flags(role), cli_args=list(_NOBODY))


def _settings(role: Role) -> WorkerSettings:
    """Read the settings from the command line and the environment. Raises ValidationError."""
    return CliApp.run(_flags(role))


@cache
def _flags(role: Role) -> type[WorkerSettings]:
    """The settings of a role's workers, which name its program in their help."""

    class Flags(WorkerSettings):
        """One endpoint's worker. Each flag can also be set in the environment: --log-level is PEERING_LOG_LEVEL."""

        model_config = SettingsConfigDict(cli_prog_name=f"python -m {role.name}")

    return Flags


def _wrong(role: Role, *wrong: str) -> int:
    """Say on standard error what is wrong with the settings; return the exit code for it."""
    sys.stderr.writelines(f"python -m {role.name}: {problem}\n" for problem in wrong)
    return WRONG_USAGE


def _collect_seldom() -> None:
    """Look for cycles less often: records hold none, and looking through all of them was a quarter of the work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD_OBJECTS, 20, 50)


def _tracing(settings: WorkerSettings, end: End) -> WorkerTracing | None:
    """What follows commands for OpenTelemetry, if there is a collector. Raises ImportError without its packages."""
    if not settings.otlp_endpoint:
        return None
    from shared.runtime.tracing import Tracing, WorkerTracing  # noqa: PLC0415 - others do without opentelemetry

    return WorkerTracing(Tracing.to(settings.otlp_endpoint, f"peering {end.role.name}", end.endpoint.id), end)


async def _until_told(worker: Worker) -> None:
    """Run a worker until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    await worker.run()
