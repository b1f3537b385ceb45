"""The wrapper that makes a child die with its parent, even when that is killed.

Run as a file of its own: it asks the kernel (Linux: PR_SET_PDEATHSIG) and becomes the program, with the same process
id. The request is bound to the *thread* that started the child: start children from the main thread. Between the start
and the request the parent may be gone already, so that is looked at afterwards. Elsewhere than on Linux there is no
such request, and a program outlives a killed supervisor.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def dying_with_parent(command: tuple[str, ...]) -> tuple[str, ...]:
    """Wrap a command so that it dies (SIGKILL) with this process."""
    return (sys.executable, "-I", "-S", __file__, str(os.getpid()), *command)


def inherited_environment() -> dict[str, str]:
    """What a child gets of this process's environment: everything but PEERING_… variables, meant for others."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PEERING_")}


def main() -> None:
    """Ask the kernel and become the program: PARENT-PID PROGRAM [ARGUMENT …]."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")
    os.execvp(command[0], command)  # noqa: S606 - our own parent's command, and no shell is wanted


if __name__ == "__main__":
    main()
