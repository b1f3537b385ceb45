"""Hosts of their own for programs under test: network namespaces on one switch, some behind a slow line.

Nothing of it touches the machine's own network: switch and hosts are namespaces, and the veth pairs that join them go
with them. It takes root (CAP_NET_ADMIN, CAP_SYS_ADMIN) and `ip`. Names begin with `peering-` and the number of the
process that made them: what one that was killed left behind the next one removes.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from shared.broker.watchdog import is_member
from tests.waiting import wait_for_blocking

REPOSITORY: Final = Path(__file__).parents[2]
NAMESPACES: Final = Path("/run/netns")
OF_NAMESPACES: Final = Path("/etc/netns")
"""What `ip netns exec` puts over the files of /etc: here the names by which hosts find each other."""
LIMIT_SECONDS: Final = 30.0

DELAY_SECONDS: Final = 0.08
JITTER_SECONDS: Final = 0.02
LOSS: Final = 0.02
"""Of each direction of a slow line."""

_PREFIX: Final = "peering-"
_BRIDGE: Final = "bridge"
_NETWORK: Final = "10.77.0."
_CLONE_NEWNET: Final = 0x40000000
_SIOCETHTOOL: Final = 0x8946
_ETHTOOL_STXCSUM: Final = 0x17


class CannotMakeHosts(AssertionError):
    """The error that network namespaces cannot be made here."""


@dataclass(frozen=True)
class Host:
    """A host: its namespace, its address on the switch, and the switch's port that leads to it."""

    name: str
    namespace: str
    address: str
    port: str

    def command(self, *words: str) -> list[str]:
        """The command that runs a program on this host; the process is that program's own."""
        return ["ip", "netns", "exec", self.namespace, *words]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Have this thread on that host: the sockets that it makes are that host's, and stay it."""
        with (NAMESPACES / self.namespace).open() as there, Path("/proc/thread-self/ns/net").open() as here:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())


@dataclass
class Network:
    """One switch and its hosts, for the length of a block. Raises CannotMakeHosts."""

    hosts: dict[str, Host] = field(default_factory=dict)
    _lines: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def _switch(self) -> str:
        return f"{_PREFIX}{os.getpid()}-switch"

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise CannotMakeHosts("several hosts are tried in network namespaces, which take root: run this as root")
        remove_stale()
        try:
            self._add_namespace(self._switch)
            _ip("-n", self._switch, "link", "add", _BRIDGE, "type", "bridge")
            _ip("-n", self._switch, "link", "set", _BRIDGE, "up")
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def add(self, name: str, *, slow: bool = False) -> Host:
        """Add a host with the next address, behind a slow line of its own if it is to be."""
        namespace = f"{_PREFIX}{os.getpid()}-{name}"
        host = Host(name, namespace, f"{_NETWORK}{11 + len(self.hosts)}", f"{name}-far" if slow else name)
        self._add_namespace(namespace)
        near = f"{name}-near" if slow else name
        _ip("-n", self._switch, "link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        _ip("-n", self._switch, "link", "set", near, "up")
        _ip("-n", namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
        with host.inside():
            _send_whole_checksums("eth0")
        _ip("-n", namespace, "link", "set", "eth0", "up")
        if slow:
            self._add_line(name, near)
        self.hosts[name] = host
        self.heal(host)
        return host

    def name(self) -> None:
        """Have every host know every other as NAME.example.net."""
        known = "".join(f"{host.address} {host.name}.example.net\n" for host in self.hosts.values())
        for host in self.hosts.values():
            folder = OF_NAMESPACES / host.namespace
            folder.mkdir(parents=True)
            (folder / "hosts").write_text(f"127.0.0.1 localhost\n{known}")

    def cut(self, host: Host) -> None:
        """Partition a host from all others: what either sends vanishes, and nobody is told."""
        _ip("-n", self._switch, "link", "set", host.port, "nomaster")

    def heal(self, host: Host) -> None:
        """Have what is sent arrive again."""
        _ip("-n", self._switch, "link", "set", host.port, "master", _BRIDGE)

    def frames(self, host: Host) -> tuple[int, int]:
        """How many frames a host's slow line has passed, and how many it has dropped."""
        line = self._lines[host.name]
        assert line.stdin is not None
        assert line.stdout is not None
        line.stdin.write("?\n")
        line.stdin.flush()
        passed, dropped = line.stdout.readline().split()
        return int(passed), int(dropped)

    def _add_namespace(self, namespace: str) -> None:
        _ip("netns", "add", namespace)
        self._running.callback(_remove, namespace)
        _ip("-n", namespace, "link", "set", "lo", "up")

    def _add_line(self, name: str, near: str) -> None:
        """Join a host's port with the switch by a program that passes frames late; two more interfaces are its end."""
        inner, far = f"{name}-line", f"{name}-far"
        _ip("-n", self._switch, "link", "add", inner, "type", "veth", "peer", "name", far)
        for interface in (inner, far):
            _ip("-n", self._switch, "link", "set", interface, "up")
        numbers = map(str, (DELAY_SECONDS, JITTER_SECONDS, LOSS))
        words = ["ip", "netns", "exec", self._switch, sys.executable, "-m", "tests.end_to_end.slow_line", near, inner]
        line = subprocess.Popen(
            [*words, *numbers], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._running.enter_context(line)
        self._running.callback(line.kill)
        assert line.stdout is not None
        assert line.stdout.readline() == "passing\n"
        self._lines[name] = line


def remove_stale() -> None:
    """Remove the namespaces of test processes that are gone."""
    for found in sorted(NAMESPACES.glob(f"{_PREFIX}[0-9]*-*")):
        maker = found.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path(f"/proc/{maker}").exists():
            _remove(found.name)


def _remove(namespace: str) -> None:
    """End what still runs in a namespace, and remove it with its interfaces."""

    def inhabitants() -> Sequence[int]:
        said = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False).stdout
        pids = [int(pid) for pid in said.split()]
        return [pid for pid in pids if pid != os.getpid() and _is_alive(pid)]

    for pid in inhabitants():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for_blocking(inhabitants, LIMIT_SECONDS, until=lambda left: not left)
    _ip("netns", "delete", namespace)
    shutil.rmtree(OF_NAMESPACES / namespace, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        return is_member(pid, os.getpgid(pid))
    except ProcessLookupError:
        return False


def _ip(*words: str) -> None:
    """Run `ip`. Raises CannotMakeHosts with what it says."""
    try:
        ended = subprocess.run(["ip", *words], capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
    except FileNotFoundError:
        raise CannotMakeHosts("several hosts are tried in network namespaces: install iproute2") from None
    if ended.returncode:
        raise CannotMakeHosts(f"ip {' '.join(words)}: {ended.stderr.strip()} (it takes root with CAP_NET_ADMIN)")


def _enter(namespace: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "this thread cannot enter a network namespace")


def _send_whole_checksums(interface: str) -> None:
    """Have the kernel finish each packet: a program that passes frames on sees what a cable would carry."""
    off = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(off))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCETHTOOL, request)
