"""Tests of what the benchmark reads of processes: who started whom, their memory, their connections."""

import os
import socket
import subprocess
import sys
from contextlib import closing

from lab.bench.processes import descendants, memory_mib
from lab.bench.scale import _connections
from tests.waiting import wait_for_blocking

PARENT = (
    "import subprocess, sys; "
    "subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()', '--end' + 'point', 'vpc-1']); "
    "print('', flush=True); sys.stdin.read()"
)

COMMAND = [sys.executable, "-c", PARENT]


def test_everything_that_a_process_started_is_found_and_workers_are_told_apart() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        wait_for_blocking(lambda: any(one.is_worker for one in descendants(parent.pid)), 60)
        assert [one.is_worker for one in descendants(parent.pid)] == [False, True]
        assert {one.pid for one in descendants(parent.pid)} < {one.pid for one in descendants(os.getpid())}


def test_memory_of_its_own_is_a_part_of_all_that_a_process_takes() -> None:
    private, pss = memory_mib(os.getpid())
    assert 0 < private <= pss
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
        assert memory_mib(ended.pid) == (0, 0)


def test_connections_of_a_port_are_counted() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        assert _connections(port) == 0
        with closing(socket.create_connection(("127.0.0.1", port))):
            wait_for_blocking(lambda: _connections(port) == 1, 60)
