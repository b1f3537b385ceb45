"""The worker's log: JSON lines or coloured ones on standard error, one a transition, and never a secret in it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import BinaryIO, cast

import structlog
from pydantic_core import to_json

from shared.runtime.batch import BatchResult, Transition

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

Logger = structlog.typing.FilteringBoundLogger


class Lines:
    """Standard error, flushed once per line, or once per batch of lines."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to this stream."""
        self._stream = stream
        self._held = False
        self.json = True

    def write(self, line: bytes) -> int:
        """Write a line."""
        return self._stream.write(line)

    def flush(self) -> None:
        """Let the line be seen, unless more of the same batch follow."""
        if not self._held:
            self._stream.flush()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let all lines of a batch be seen at its end."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self._stream.flush()


LINES = Lines(open(2, "wb", closefd=False))  # noqa: SIM115 - a descriptor, for as long as we live
"""Not `sys.stderr.buffer`: under PYTHONUNBUFFERED it loses what a pipe does not take at once."""


def logger(form: str, level: str, **context: str) -> Logger:
    """A logger to standard error, as JSON lines or coloured for a console; `context` is in every line."""
    stamps: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    LINES.json = form == "json"
    wrapper = structlog.make_filtering_bound_logger(LEVELS[level])
    if form == "json":
        structlog.configure(
            processors=[
                *stamps,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_serialized),
            ],
            wrapper_class=wrapper,
            logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", LINES)),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[*stamps, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())],
            wrapper_class=wrapper,
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
    found: Logger = structlog.get_logger(**context)
    return found.bind()


def _serialized(fields: object, **_: object) -> bytes:
    """Write a line's fields as JSON."""
    return to_json(fields, fallback=str)


def log_result(log: Logger, result: BatchResult) -> None:
    """Log what a batch changed, and what went wrong in it."""
    with LINES.held():
        if result.transitions and log.is_enabled_for(logging.INFO):
            _log_transitions(log, result.transitions)
        _log_errors(log, result)


def _log_transitions(log: Logger, transitions: list[Transition]) -> None:
    """Log transitions, one line each.

    As JSON they are written without the chain of processors, which takes longer than a step.
    """
    if not LINES.json:
        for transition in transitions:
            log.info("transition", **_fields(transition))
        return
    common = {"level": "info", "timestamp": _now(), **structlog.get_context(log), "event": "transition"}
    LINES.write(b"".join(_serialized(common | _fields(transition)) + b"\n" for transition in transitions))


def _fields(transition: Transition) -> dict[str, str | None]:
    """A transition, as it is logged."""
    interface, peer, was, status, cause = transition
    return {"interface": interface, "peer": peer, "from": was.value, "to": status.value, "cause": cause}


def _now() -> str:
    """The present moment, as structlog writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _log_errors(log: Logger, result: BatchResult) -> None:
    """Log peers that fell silent or came back, and errors in handling."""
    for peer, reachable in result.reachability:
        log.warning("peer reachable" if reachable else "peer unreachable", peer=peer.endpoint, account=peer.account)
    for one in result.errors:
        log.error("error", what=one.what, exc_info=one.error)
