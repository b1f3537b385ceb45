"""The fork server: a process that has imported what a worker needs, and from which workers are forked.

Run as a program of its own whose standard input is a socket of the supervisor's. Each worker that it forks is a process
as if it had been started by its command line: in a session of its own, with the environment, the output and the name
that it is given, killed by the kernel when this process ends. What they have in common, they share: a worker costs
neither the time to import it nor the memory. Nothing here may start a thread, which a fork would leave behind.
"""

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from typing import Any, Final

import setproctitle

from acceptor.handshake import ACCEPTOR
from acceptor.handshake import step as acceptor_step
from console.stack.die_with_parent import PR_SET_PDEATHSIG
from console.stack.forking import REQUEST_LIMIT_BYTES
from initiator.handshake import INITIATOR
from initiator.handshake import step as initiator_step
from shared.runtime.main import run

_PROGRAMS: Final = {INITIATOR.name: (INITIATOR, initiator_step), ACCEPTOR.name: (ACCEPTOR, acceptor_step)}


def main() -> int:
    """Fork a worker for each request until the supervisor closes the socket; return an exit code, or a worker's own."""
    setproctitle.setproctitle("peering fork server")  # now, since it finds the place by the environment as it is
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as channel:
        asked = _serve(channel)
    return 0 if asked is None else _work(asked)


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; return what was asked for in each process that was forked, and None in the end."""
    waking, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    gc.collect()
    gc.freeze()
    while True:
        ready, _, _ = select.select([channel.fileno(), waking], [], [])
        if waking in ready:
            os.read(waking, REQUEST_LIMIT_BYTES)
            _report_ended(channel)
        if channel.fileno() in ready:
            request, outputs, _, _ = socket.recv_fds(channel, REQUEST_LIMIT_BYTES, 1)
            if not request:
                return None
            if _is_forked(channel, outputs[0], (waking, wake)):
                asked: dict[str, Any] = json.loads(request)
                return asked


def _report_ended(channel: socket.socket) -> None:
    """Tell of each worker that ended its exit code, negative for a signal, as `subprocess` has it."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say(channel, ended=pid, code=os.waitstatus_to_exitcode(status))


def _is_forked(channel: socket.socket, output: int, own: tuple[int, ...]) -> bool:
    """Fork, and tell the process id, or why there is none; return whether this is the forked process."""
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        _say(channel, error=error.strerror)
        pid = parent
    if pid:
        os.close(output)
        if pid != parent:
            _say(channel, pid=pid)
        return False
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the fork server is gone")
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    for descriptor in (nothing, output, *own):
        os.close(descriptor)
    return True


def _work(asked: dict[str, Any]) -> int:
    """Be the worker that was asked for, by its name and with its environment; return its exit code."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    role, *arguments = asked["arguments"]
    sys.argv = [f"python -m {role}", *arguments]
    setproctitle.setproctitle(" ".join(sys.argv))
    return run(*_PROGRAMS[role])


def _say(channel: socket.socket, **said: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    channel.send(json.dumps(said).encode())


if __name__ == "__main__":
    sys.exit(main())
