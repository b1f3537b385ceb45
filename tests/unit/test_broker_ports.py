"""Tests of a private broker's ports: free when it comes back."""

import socket
from pathlib import Path

import pytest

from shared.broker import private_files
from shared.broker.private_files import LOOPBACK, free_ports


def test_ports_are_not_of_those_that_the_kernel_gives_to_outgoing_connections() -> None:
    with socket.create_server((LOOPBACK, 0)) as somebody:
        given = somebody.getsockname()[1]
    first, _ = private_files.outgoing_ports()
    assert given >= first
    chosen = free_ports()
    ports = [chosen.amqp, chosen.management, chosen.distribution, chosen.epmd]
    assert len(set(ports)) == len(ports)
    assert all(port < first for port in ports)


def test_a_port_that_somebody_listens_on_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = private_files.outgoing_ports()
    listening = next(port for port in range(first - 1, 1024, -1) if _is_free(port))
    with socket.create_server((LOOPBACK, listening)):
        monkeypatch.setattr(private_files, "_LOWEST_PORT", listening - 8)
        monkeypatch.setattr(private_files, "outgoing_ports", lambda: (listening + 1, listening + 2))
        monkeypatch.setattr(private_files, "_ENOUGH_PORTS", 1)
        for _ in range(5):
            chosen = free_ports()
            assert listening not in {chosen.amqp, chosen.management, chosen.distribution, chosen.epmd}


def test_where_nothing_is_left_below_the_kernel_chooses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ranges = tmp_path / "ip_local_port_range"
    ranges.write_text("1024\t65535\n")
    monkeypatch.setattr(private_files, "_OUTGOING_PORTS", ranges)
    assert private_files.outgoing_ports() == (1024, 65535)
    assert free_ports().amqp >= 1024
    ranges.unlink()
    assert private_files.outgoing_ports()[0] > 1024


def _is_free(port: int) -> bool:
    try:
        with socket.create_server((LOOPBACK, port)):
            return True
    except OSError:
        return False
