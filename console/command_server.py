"""The command server: a process that has imported what commands need, and from which they are forked.

Run as a program of its own whose standard input is the socket on which launchers ask. Each command is a process as if
it had been started by whoever typed it: with their arguments, environment, folder, umask, input and output; it gets
their signals, and ends with their launcher. Nothing here may start a thread, which a fork would leave behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

import setproctitle
from typer.main import get_command

from console.cli import make_app
from console.client import history
from console.commands import running
from console.commands.program import run_program
from console.commands.work import control, faults, lifecycle, looking, payloads, restart, situations, waiting
from console.stack.forked_command import GO, PROGRAM, READY, REQUEST_LIMIT_BYTES, peer_of, rights_of

PREPARED: Final = (history, running, control, faults, lifecycle, looking, payloads, restart, situations, waiting)
"""What commands and their `--help` import late when they are started."""
_ASKING_LIMIT_SECONDS: Final = 5.0
_FILES: Final = 4
_STDERR: Final = 2
_LIMITS: Final = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


def main() -> int:
    """Fork a process for each command, until the code of one that is to be forked has changed; return an exit code."""
    setproctitle.setproctitle("peering-command-server")  # without spaces: see console.stack.fork_server
    program, loaded = get_command(make_app()), _loaded()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets those that ended
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as listening:
        while True:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError, ValueError):
                if _loaded(loaded) != loaded:
                    return 0
                _serve(connection, listening, program)


def _loaded(files: Iterable[Path] | None = None) -> dict[Path, int]:
    """When the programs' files that are imported were written, in nanoseconds since 1970; 0 if one is gone."""
    folder = Path(__file__).parent.parent
    imported = (Path(one.__file__ or "/") for one in list(sys.modules.values()) if hasattr(one, "__file__"))
    known = files or [one for one in imported if one.is_relative_to(folder)]
    return {one: one.stat().st_mtime_ns if one.exists() else 0 for one in known}


def _serve(connection: socket.socket, listening: socket.socket, program: Any) -> None:  # noqa: ANN401
    """Fork the command that is asked for. Raises OSError, or ValueError for what cannot be served here."""
    connection.settimeout(_ASKING_LIMIT_SECONDS)
    launcher, _ = peer_of(connection)
    request, files, _, _ = socket.recv_fds(connection, REQUEST_LIMIT_BYTES, _FILES)
    try:
        asked: dict[str, Any] = json.loads(request)
        if rights_of(launcher) != rights_of(os.getpid()):
            raise ValueError("not ours to run: from a sandbox nobody gets out by asking here")
        if asked["program"] != PROGRAM or _read_at_start(asked["environment"]) != _read_at_start(os.environ):
            raise ValueError("another program")
        if os.fork() == 0:
            listening.close()
            _run(connection, launcher, asked, files, program)
    finally:
        for one in files:
            os.close(one)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that Python and typer read once, when they are started."""
    read = ("PYTHON", "TYPER_")
    return {name: value for name, value in environment.items() if name.startswith(read) and name != "PYTHONPATH"}


def _run(connection: socket.socket, launcher: int, asked: dict[str, Any], files: list[int], program: Any) -> NoReturn:  # noqa: ANN401
    """Be the command that was asked for, once its launcher has said that it waits."""
    code = 1
    try:
        for one in _LIMITS:
            resource.setrlimit(one, resource.prlimit(launcher, one))
        connection.send(READY + str(os.getpid()).encode())
        if connection.recv(len(GO)) == GO:
            _take_over(connection, asked, files)
            code = _exit_code(program)
            connection.send(str(code).encode())
    except Exception:  # noqa: BLE001 - as Python ends any program
        sys.excepthook(*sys.exc_info())
    finally:  # whatever happened: what was forked never goes on as the server
        os._exit(code)


def _take_over(connection: socket.socket, asked: dict[str, Any], files: list[int]) -> None:
    """Take what the launcher has for this process's own. Raises OSError."""
    os.fchdir(files.pop())
    os.umask(asked["umask"])
    streams = []
    for number, (source, mode, (encoding, errors)) in enumerate(zip(files, "rww", asked["streams"], strict=True)):
        os.dup2(source, number)
        buffering = 1 if number == _STDERR or os.isatty(number) else -1
        streams.append(open(number, mode, buffering, encoding=encoding, errors=errors, closefd=False))  # noqa: SIM115 - for as long as this runs
    sys.stdin, sys.stdout, sys.stderr = streams
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    sys.argv = ["peering", *asked["arguments"]]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _end_with(connection)


def _end_with(launcher: socket.socket) -> None:
    """Be ended by the kernel (SIGIO) when the launcher ends. Raises SystemExit if it has ended already."""
    launcher.settimeout(None)
    fcntl.fcntl(launcher, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(launcher, fcntl.F_SETFL, fcntl.fcntl(launcher, fcntl.F_GETFL) | os.O_ASYNC)
    with contextlib.suppress(BlockingIOError):
        if not launcher.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK):
            raise SystemExit


def _exit_code(program: Any) -> int:  # noqa: ANN401 - what typer makes
    """Run the command; return its exit code when all that it has written is written."""
    try:
        setproctitle.setproctitle(" ".join(sys.argv))
        run_program(lambda: partial(program, prog_name="peering"))
    except KeyboardInterrupt:
        return running.INTERRUPTED
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())
