"""The fork server: a process that has imported what a worker needs, and from which workers are forked.

Run as a program of its own whose standard input is a socket of the supervisor's. Each worker is a process as if its
command line had been started: a child of the supervisor, which adopts it, in a session of its own, with the
environment, output and name that it is given, killed by the kernel when the supervisor ends. What workers have in
common they share: one costs neither the time to import it nor the memory. Nothing here may start a thread, which a fork
would leave behind.
"""

import ctypes
import gc
import json
import os
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
from shared.runtime.main import prepare, run

_ADOPTED: Final = signal.SIGUSR1
_PROGRAMS: Final = {INITIATOR.name: (INITIATOR, initiator_step), ACCEPTOR.name: (ACCEPTOR, acceptor_step)}


def main() -> int:
    """Fork a worker for each request until the supervisor closes the socket; return an exit code, or a worker's own."""
    # Now, since it finds the place by the environment as it is; without a space, since Python 3.12 and later read their
    # number of threads beside this name, take one with spaces for many, and warn at each fork.
    setproctitle.setproctitle("peering-fork-server")
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as channel:
        asked = _serve(channel)
    return 0 if asked is None else _work(asked)


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; return what was asked for in each worker, and None in the end."""
    for role, _ in _PROGRAMS.values():
        prepare(role)
    gc.collect()
    gc.freeze()
    supervisor = os.getppid()
    while True:
        request, outputs, _, _ = socket.recv_fds(channel, REQUEST_LIMIT_BYTES, 1)
        if not request:
            return None
        if _is_worker(channel, outputs[0], supervisor):
            asked: dict[str, Any] = json.loads(request)
            return asked


def _is_worker(channel: socket.socket, output: int, supervisor: int) -> bool:
    """Fork a worker, and tell its process id, or why there is none; return whether this is the worker.

    It is forked twice, and the process in between ends at once: so the supervisor becomes its parent.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [_ADOPTED])
    if (between := _fork(channel)) != 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [_ADOPTED])
        os.close(output)
        if between is not None:
            os.waitpid(between, 0)
        return False
    if _fork(channel) != 0:
        os._exit(0)
    _be_adopted(supervisor)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    for descriptor in (nothing, output):
        os.close(descriptor)
    _say(channel, pid=os.getpid())
    return True


def _fork(channel: socket.socket) -> int | None:
    """Fork; None where that can't be done, and the supervisor was told why."""
    try:
        return os.fork()
    except OSError as error:
        _say(channel, error=error.strerror)
        return None


def _be_adopted(supervisor: int) -> None:
    """Wait until the supervisor is the parent, and die with it from then on.

    The kernel says that the parent ended after the next one is in its place.
    """
    library = ctypes.CDLL(None)
    library.prctl(PR_SET_PDEATHSIG, _ADOPTED, 0, 0, 0)
    if os.getppid() != supervisor:
        signal.sigwait([_ADOPTED])
    library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor:
        sys.exit("the supervisor is gone")
    signal.signal(_ADOPTED, signal.SIG_IGN)  # one that came too late to be waited for is dropped
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [_ADOPTED])
    signal.signal(_ADOPTED, signal.SIG_DFL)


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
