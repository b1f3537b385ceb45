"""The launcher's side of the command server: a command that is forked beside a running `peering up`, and not started.

It takes longer to import what a command needs than to do what it does. What runs is the same program, with the same
arguments, environment, folder, input and output, so the answer is the same; what runs until somebody ends it is
started. Only what Python has loaded at once, or quickly, is imported here.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys

SOCKET = "command.sock"
REQUEST_LIMIT_BYTES = 128 * 1024
"""Arguments and environment of a command; one with more is started."""
WAITING_LIMIT_SECONDS = 10.0
"""How long the first command waits for the command server to import what all of them need."""
STARTED = ("up", "serve", "demo", "run", "record", "watch", "--install-completion", "--show-completion")
"""Commands that run long, and options that ask which shell has started this process."""
READY, GO = b"ready", b"go"
PROGRAM = [sys.executable, __file__]
"""The Python and the programs' folder that a command must have in common with its command server."""
_NAMESPACES = ("pid", "mnt", "net", "user")
_RIGHTS = (b"Uid:", b"Gid:", b"Groups:", b"CapEff:", b"CapBnd:", b"NoNewPrivs:", b"Seccomp:")
_CREDENTIALS = struct.Struct("3i")
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """The process id and the user id of the other end of a Unix socket, as the kernel knows them."""
    process, user, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return process, user


def rights_of(process: int) -> list[object]:
    """What a process may and sees: its user, groups, capabilities, filters and namespaces. Raises OSError."""
    namespaces = [os.readlink(f"/proc/{process}/ns/{name}") for name in _NAMESPACES]  # noqa: PTH115
    with open(f"/proc/{process}/status", "rb") as status:  # noqa: PTH123 - pathlib takes longer to import
        return [*namespaces, *(line for line in status if line.startswith(_RIGHTS))]


def run_forked(arguments: list[str]) -> int | None:
    """Have a command run by the command server, and return its exit code; None if it has to be started."""
    if sys.platform != "linux" or (arguments and arguments[0] in STARTED):
        return None
    if None in {sys.stdin, sys.stdout, sys.stderr}:
        return None
    try:
        connection = _connected()
        if connection is None:
            return None
        with connection:
            handed = _handed_over(connection, arguments)
            return None if handed is None else _followed(connection, handed)
    except OSError:
        return None
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _connected() -> socket.socket | None:
    """Connect to the command server of this folder's `peering up`; its path may be longer than a socket's may be."""
    folder = _folder()
    if folder is None:
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.settimeout(WAITING_LIMIT_SECONDS)
        connection.connect(f"/proc/self/fd/{descriptor}/{SOCKET}")
        if peer_of(connection)[1] != os.geteuid():
            raise PermissionError  # the environment holds secrets, and anybody may make a folder in /tmp
    except OSError:
        connection.close()
        raise
    finally:
        os.close(descriptor)
    return connection


def _folder() -> str | None:
    """The folder of the `peering up` that runs here, as `find_context` finds it."""
    named = os.environ.get("PEERING_TOPOLOGY")
    if named:
        return os.path.dirname(named) or "."  # noqa: PTH120 - pathlib takes longer to import
    above = os.getcwd()  # noqa: PTH109
    while not os.path.exists(f"{above}/.peering/context.json"):  # noqa: PTH110
        if above == "/":
            return None
        above = os.path.dirname(above)  # noqa: PTH120
    return f"{above}/.peering"


def _handed_over(connection: socket.socket, arguments: list[str]) -> int | None:
    """Hand everything over; return the id of the process that is ready to run it, or None. Raises OSError."""
    umask = os.umask(0o077)
    os.umask(umask)
    request = {
        "program": PROGRAM,
        "arguments": arguments,
        "environment": dict(os.environ),
        "umask": umask,
        "streams": [(one.encoding, one.errors) for one in (sys.stdin, sys.stdout, sys.stderr)],
    }
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2, folder])
    finally:
        os.close(folder)
    said = connection.recv(REQUEST_LIMIT_BYTES)
    return int(said.removeprefix(READY)) if said.startswith(READY) else None


def _followed(connection: socket.socket, pid: int) -> int:
    """Let the process run and return its exit code; nothing ran before, and it is not started again. Raises OSError."""
    taken: list[int] = []
    process = os.pidfd_open(pid)

    def forward(number: int, _: object) -> None:
        taken.append(number)
        signal.pidfd_send_signal(process, number)

    for one in _FORWARDED:
        if signal.getsignal(one) is not signal.SIG_IGN:  # as `nohup` has it
            signal.signal(one, forward)
    connection.settimeout(None)
    try:
        connection.send(GO)
        said = connection.recv(REQUEST_LIMIT_BYTES)
    except OSError:
        said = b""
    if said:
        return int(said)
    if taken:
        signal.signal(taken[-1], signal.SIG_DFL)
        os.kill(os.getpid(), taken[-1])
    sys.stderr.write("peering: the process of this command was ended.\n")
    return 1
