"""Tests of the image that holds everything, through PeeringContainer: what it does, and what it may not do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from testcontainers.core.container import ExecConfig

from peering_handshake import NotStarted
from peering_handshake.testcontainers import PeeringContainer
from tests.end_to_end.clients.calling import Key, client, install
from tests.end_to_end.clients.flows import ACCEPTING, INITIATING, connect, new_end, take_down
from tests.waiting import wait_for_blocking

pytestmark = [pytest.mark.compose, pytest.mark.timeout(600)]

LIMIT_SECONDS: Final = 300.0
STOP_SECONDS: Final = 120
OFFICE: Final = """
title: An office that is connected before it is said to be ready
connection: [ri-office@vpc-alice, ri-lab@vpc-bob-in]
steps:
  - do: [{create: ri-office}, {create: ri-lab}, {configure: ri-lab}, {configure: ri-office}, {initiate: ri-office}]
    expect: {ri-office: Activated, ri-lab: Activated}
"""
FORBIDDEN: Final = """
import os
for path in ("/planted", "/tmp/planted", "/opt/peering/planted", "/etc/peering/planted"):
    try:
        open(path, "w")
    except OSError:
        continue
    raise SystemExit(f"{path} can be written")
assert os.getuid() == os.geteuid() == 10001
assert "CapEff:\\t0000000000000000" in open("/proc/self/status").read()
"""


def folder_of(path: Path, **scenarios: str) -> Path:
    """Make a folder of scenarios that the image's user may read."""
    path.mkdir(mode=0o755)
    for name, text in scenarios.items():
        (path / f"{name}.yaml").write_text(text)
        (path / f"{name}.yaml").chmod(0o644)
    return path


@pytest.fixture(scope="module")
def peering(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeeringContainer]:
    scenarios = folder_of(tmp_path_factory.mktemp("image") / "scenarios", office=OFFICE)
    with PeeringContainer(image, scenarios=scenarios) as container:
        yield container


def known(peering: PeeringContainer) -> dict[str, Any]:
    """What the engine knows of the container."""
    found: dict[str, Any] = peering.get_docker_client().client.api.inspect_container(peering.get_container_id())
    return found


def test_a_mounted_scenario_was_played_before_it_was_ready(peering: PeeringContainer) -> None:
    with peering.simulator() as sim:
        shown = {one["interface"]: one["status"] for one in sim.interfaces()}
    assert (shown["ri-office"], shown["ri-lab"]) == ("Activated", "Activated")


@pytest.mark.parametrize("library", ["new", "old"])
def test_an_unmodified_client_of_the_cloud_sees_the_handshake(peering: PeeringContainer, library: str) -> None:
    install()
    keys = [Key(one, **peering.key(one)) for one in ("alice", "bob")]
    assert keys[0] == Key("alice", "LTAI-demo-key-of-alice", "demo-secret-of-alice")
    with client(library, peering.url, keys[0]) as alice, client(library, peering.url, keys[1], "cn-beijing") as bob:
        first = new_end(bob, "vrt-bob", INITIATING, "cn-hangzhou")
        second = new_end(alice, "vrt-alice-in", ACCEPTING, "cn-beijing")
        connect(first, second)
        take_down(first, second)


async def test_it_is_asked_asynchronously(peering: PeeringContainer) -> None:
    async with peering.async_simulator() as sim:
        a, b = await sim.pair("bob", "alice", connected=True, timeout=LIMIT_SECONDS)
        assert [await a.status(), await b.status()] == ["Activated", "Activated"]


def test_a_world_in_it_is_a_simulator_of_its_own(peering: PeeringContainer) -> None:
    with peering.world(["carol", "dave"]) as world:
        world.pair("carol", "dave", connected=True)
        assert {one["account"] for one in world.interfaces()} == {"carol", "dave"}
    with peering.simulator() as first:
        assert not {"carol", "dave"} & {one["account"] for one in first.interfaces()}


def test_healthy_means_ready(peering: PeeringContainer) -> None:
    _, *asked = known(peering)["Config"]["Healthcheck"]["Test"]
    assert peering.exec(asked).exit_code == 0
    wait_for_blocking(lambda: known(peering)["State"]["Health"]["Status"], LIMIT_SECONDS, until="healthy".__eq__)
    with peering.simulator() as sim:
        sim.faults.worker("stop", "vpc-bob")
        assert peering.exec(asked).exit_code != 0
        sim.faults.worker("continue", "vpc-bob")
    wait_for_blocking(lambda: peering.exec(asked).exit_code, LIMIT_SECONDS, until=(0).__eq__)


def test_it_is_not_root_and_writes_nowhere_but_in_its_volume(peering: PeeringContainer) -> None:
    shown = known(peering)
    assert shown["Config"]["User"] == "10001:10001"
    assert shown["HostConfig"]["ReadonlyRootfs"] is True
    assert shown["HostConfig"]["CapDrop"] == ["ALL"]
    assert [one["Destination"] for one in shown["Mounts"] if one["RW"]] == ["/var/lib/peering"]
    done = peering.exec(ExecConfig(["python", "-c", FORBIDDEN]))
    assert done.exit_code == 0, done.output.decode()


def test_it_ends_in_order_when_it_is_told_to(image: str) -> None:
    with PeeringContainer(image) as peering:
        peering.get_wrapped_container().stop(timeout=STOP_SECONDS)
        assert known(peering)["State"]["ExitCode"] == 0
        out, err = peering.get_logs()
        assert out.decode().endswith("stopped; nothing is left running\n")
        assert b"Warning" not in err


def test_a_scenario_that_cannot_be_read_is_said_instead_of_waited_for(image: str, tmp_path: Path) -> None:
    scenarios = folder_of(tmp_path / "scenarios", broken="title: There are no steps\n")
    with (
        pytest.raises(NotStarted, match=r"the container ended: .*broken.yaml:1: `steps` is missing"),
        PeeringContainer(image, scenarios=scenarios),
    ):
        pytest.fail("it is ready")
