"""The worker's log: JSON lines or coloured ones on standard error, one a transition, and never a secret in it."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import BinaryIO, Final, cast

import structlog
from pydantic_core import to_json

from shared.runtime.background import BackgroundWriter
from shared.runtime.batch import BatchResult, Transition

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

Logger = structlog.typing.FilteringBoundLogger


class Lines:
    """Lines for a stream, written by a thread once per line, or once per batch of lines: nobody waits for a reader.

    A disk that is full, a pipe that is closed, or one whose reader reads nothing (a supervisor that was stopped) costs
    lines; the next one that is written says how much was lost.
    """

    def __init__(self, descriptor: int) -> None:
        """Write to this descriptor."""
        self._descriptor = descriptor
        self._writer = BackgroundWriter("log")
        self._waiting = bytearray()
        self._lost_bytes = 0
        self._held = False
        self.json = True

    def write(self, line: bytes) -> int:
        """Take a line, to be seen when it is flushed."""
        self._waiting += line
        return len(line)

    def flush(self) -> None:
        """Let the lines be seen, unless more of the same batch follow."""
        if self._held or not self._waiting:
            return
        notice = _serialized({"event": "output lost", "bytes": self._lost_bytes}) + b"\n" if self._lost_bytes else b""
        piece, self._waiting = bytes(self._waiting), bytearray()
        if self._writer.put(self._write, notice + piece):
            self._lost_bytes = 0
        else:
            self._lost_bytes += len(piece)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let all lines of a batch be seen at its end."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.flush()

    def close(self) -> None:
        """Let what was said last be seen."""
        self._writer.close()

    def _write(self, piece: bytes) -> None:
        """Write a piece whole, in the writer's thread; what cannot be written is lost."""
        try:
            while piece:
                piece = piece[os.write(self._descriptor, piece) :]
        except OSError:
            self._lost_bytes += len(piece)


LINES: Final = Lines(2)
atexit.register(LINES.close)


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
            processors=[*stamps, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()), _encoded],
            wrapper_class=wrapper,
            logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", LINES)),
            cache_logger_on_first_use=True,
        )
    found: Logger = structlog.get_logger(**context)
    return found.bind()


def _serialized(fields: object, **_: object) -> bytes:
    """Write a line's fields as JSON."""
    return to_json(fields, fallback=str)


def _encoded(_: object, __: str, line: object) -> bytes:
    """Write a line for a console."""
    return str(line).encode(errors="backslashreplace")


def log_result(log: Logger, result: BatchResult) -> None:
    """Log what a batch changed, and what went wrong in it."""
    with LINES.held():
        if result.transitions and log.is_enabled_for(logging.INFO):
            _log_transitions(log, result.transitions, result.traces)
        _log_errors(log, result)


def _log_transitions(log: Logger, transitions: list[Transition], traces: Mapping[str, Mapping[str, str]]) -> None:
    """Log transitions, one line each, with the ids of trace and message where an interface is followed.

    As JSON they are written without the chain of processors, which takes longer than a step.
    """
    if not LINES.json:
        for transition in transitions:
            log.info("transition", **_fields(transition), **traces.get(transition.interface, {}))
        return
    common = {"level": "info", "timestamp": _now(), **structlog.get_context(log), "event": "transition"}
    for one in transitions:
        LINES.write(_serialized({**common, **_fields(one), **traces.get(one.interface, {})}) + b"\n")


def _fields(transition: Transition) -> dict[str, str | None]:
    """A transition, as it is logged."""
    interface, peer, was, status, cause, _ = transition
    return {"interface": interface, "peer": peer, "from": was.value, "to": status.value, "cause": cause}


def _now() -> str:
    """The present moment, as structlog writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _log_errors(log: Logger, result: BatchResult) -> None:
    """Log peers that fell silent, came back or cannot be read, and errors in handling."""
    for peer, reachable in result.reachability:
        log.warning("peer reachable" if reachable else "peer unreachable", peer=peer.endpoint, account=peer.account)
    for peer, version in result.newer:
        log.warning("peer speaks a newer protocol", peer=peer.endpoint, account=peer.account, version=version)
    for one in result.errors:
        log.error("error", what=one.what, exc_info=one.error)
