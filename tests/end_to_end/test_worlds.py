"""Tests of worlds: simulators of their own on one address, none of which can see, open or disturb another."""

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from console.client.clients import client_of
from console.stack.warm import warm_broker
from console.topology import find_context
from peering_handshake import AsyncSimulator, Refused, Simulator, Unanswered
from shared.broker.amqp import ConsoleLink
from shared.broker.control import worlds
from shared.broker.errors import BrokerRefused
from tests.end_to_end.programs import LIMIT_SECONDS, OWN_BROKER, REPOSITORY, Terminal, Up, peering_up, running_with
from tests.unit.cloud_server import common, rpc_signed
from tests.waiting import wait_for, wait_for_blocking

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a broker that outlives the simulators on it, so that one sees what they leave."""
    folder = tmp_path_factory.mktemp("warm")
    terminal = Terminal(folder)
    terminal.done("broker", "start", "--for", "1h")
    yield folder / ".peering-broker"
    terminal.done("broker", "stop")


@pytest.fixture(scope="module")
def up(warm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up") / "peering"
    with peering_up(CROSS_ACCOUNT, folder, "--warm", str(warm), PEERING_LISTEN="127.0.0.1:0") as up:
        yield up


@pytest.fixture(scope="module")
def sim(up: Up) -> Iterator[Simulator]:
    with Simulator(url=up.url, token=up.token) as sim:
        yield sim


def names(up: Up) -> list[str]:
    """The worlds beside the first."""
    told = httpx.get(f"{up.url}/_peering/worlds", headers=up.bearer, timeout=LIMIT_SECONDS).json()
    assert told["most"] == 32
    return [str(name) for name in told["worlds"]]


def folder_of(up: Up) -> Path:
    """The folder of the world that was made last."""
    return up.folder / "worlds" / names(up)[-1]


async def logins(warm: Path, vhost: str) -> list[str]:
    """The broker's users that are a world's."""
    found = warm_broker(warm)
    assert found is not None
    async with httpx.AsyncClient(timeout=LIMIT_SECONDS) as client:
        users = (await client.get(f"{found.administrator}/api/users")).json()
    return [one["name"] for one in users if one["name"].endswith(f"@{vhost}")]


async def vhosts(warm: Path) -> dict[str, str]:
    """The broker's worlds, each with its folder."""
    found = warm_broker(warm)
    assert found is not None
    return await worlds(found.administrator)


def interfaces_by_key(sim: Simulator, key: Sequence[str]) -> set[str]:
    """What an account sees of itself through the cloud's API, with its access key alone."""
    signed = rpc_signed("GET", {**common(key[0], "DescribeRouterInterfaces"), "RegionId": "cn-hangzhou"}, key[1])
    answer = httpx.get(sim.access.url, params=signed, timeout=LIMIT_SECONDS)
    if answer.status_code != 200:
        return {answer.json()["Code"]}
    return {one["RouterInterfaceId"] for one in answer.json()["RouterInterfaceSet"]["RouterInterfaceType"]}


def key_of(sim: Simulator, account: str) -> tuple[str, str]:
    key = sim.key(account)
    return key["id"], key["secret"]


def test_two_worlds_cannot_see_each_other(sim: Simulator, up: Up) -> None:
    with sim.world() as one, sim.world() as other:
        assert len(names(up)) == 2
        assert len({sim.access.token, one.access.token, other.access.token}) == 3
        made = [world.create("vpc-alice", "ri-same") for world in (one, other)]
        assert [end.status() for end in made] == ["Idle", "Idle"]
        made[0].delete()
        assert made[1].status() == "Idle"
        assert (len(one.interfaces()), len(other.interfaces()), sim.interfaces()) == (0, 1, [])
        keys = [key_of(world, "alice") for world in (one, other)]
        assert keys[0] != keys[1]
        assert [interfaces_by_key(sim, key) for key in keys] == [set(), {"ri-same"}]
        for world in (one, other):
            with pytest.raises(Refused, match="NotFirstWorld"), world.world():
                pytest.fail("a world makes no other")
    for gone in (one, other):
        with pytest.raises(Refused, match="NotAdmitted"), Simulator(url=up.url, token=gone.access.token) as again:
            again.accounts()
    assert interfaces_by_key(sim, keys[0]) == {"InvalidAccessKeyId.NotFound"}


async def test_the_broker_refuses_a_login_of_one_in_another(sim: Simulator, up: Up) -> None:
    with sim.world():
        first = find_context(folder_of(up) / "context.json", environment={})
        with sim.world():
            second = find_context(folder_of(up) / "context.json", environment={})
            outer = find_context(up.folder / "context.json", environment={})
            own = first.login("alice")
            async with client_of(first, "alice"):
                pass
            for elsewhere in (second, outer):
                place = elsewhere.broker
                address = type(own)(place.host, place.port, place.vhost, own.user, own.password)
                link = ConsoleLink(address, account="alice", name="test", on_delivery=print, on_lost=print)
                with pytest.raises(BrokerRefused):
                    await link.open()
                await link.close()


def test_what_is_done_in_one_touches_no_other(sim: Simulator) -> None:
    with sim.world() as one, sim.world(["carol", "dave", "erin"]) as other:
        kept = other.pair("carol", "erin", connected=True, timeout=LIMIT_SECONDS)
        one.pair("alice", "bob", connected=True, timeout=LIMIT_SECONDS)
        initiator, acceptor = one.pair("bob", "alice")
        one.faults.cut(initiator >> acceptor, both=True)
        assert (len(one.faults.listed()), other.faults.listed(), sim.faults.listed()) == (1, [], [])
        kept[0].suspend()
        for end in kept:
            end.wait("Suspended", timeout=LIMIT_SECONDS)
        assert one.reset()["faults"] == 1
        assert (one.interfaces(), one.faults.listed()) == ([], [])
        assert [end.status() for end in kept] == ["Suspended", "Suspended"]
        kept[0].resume()
        for end in (*kept, *one.pair("alice", "bob", connected=True, timeout=LIMIT_SECONDS)):
            end.wait("Activated", timeout=LIMIT_SECONDS)


def test_a_rule_of_one_answers_in_no_other(sim: Simulator) -> None:
    with sim.world() as one, sim.world() as other:
        keys = [key_of(world, "alice") for world in (one, other)]
        bearer = {"Authorization": f"Bearer {one.access.token}"}
        rule = {"do": "refuse", "code": "OnlyHere"}
        httpx.post(
            f"{sim.access.url}/_peering/rules", headers=bearer, json=rule, timeout=LIMIT_SECONDS
        ).raise_for_status()
        assert [interfaces_by_key(sim, key) for key in keys] == [{"OnlyHere"}, set()]
        other.reset()
        assert interfaces_by_key(sim, keys[0]) == {"OnlyHere"}
        one.reset()
        assert interfaces_by_key(sim, keys[0]) == set()


def test_a_killed_worker_of_a_world_comes_back_and_its_connection_goes_on(sim: Simulator, up: Up) -> None:
    with sim.world() as world:
        one, other = world.pair("alice", "bob", connected=True, timeout=LIMIT_SECONDS)
        (worker,) = running_with(str(folder_of(up) / "stores" / "vpc-alice.sqlite"))
        os.kill(worker, signal.SIGKILL)
        wait_for_blocking(
            lambda: running_with(str(folder_of(up) / "stores" / "vpc-alice.sqlite")),
            LIMIT_SECONDS,
            until=lambda found: found not in ([], [worker]),
        )
        other.suspend()
        one.wait("Suspended", timeout=LIMIT_SECONDS)
        world.faults.worker("kill", "vpc-bob-in")
        other.resume()
        for end in (one, other):
            end.wait("Activated", timeout=LIMIT_SECONDS)


async def test_the_end_of_a_world_removes_all_that_was_its(sim: Simulator, up: Up, warm: Path) -> None:
    before = await vhosts(warm)
    async with AsyncSimulator(url=up.url, token=up.token) as asking, asking.world() as world:
        await world.pair("alice", "bob", connected=True, timeout=LIMIT_SECONDS)
        folder = folder_of(up)
        (vhost,) = set(await vhosts(warm)) - set(before)
        assert (await vhosts(warm))[vhost] == str(folder)
        assert f"alice@{vhost}" in await logins(warm, vhost)
        assert len(running_with(str(folder))) == 4
    assert (await vhosts(warm), await logins(warm, vhost)) == (before, [])
    await wait_for(lambda: running_with(str(folder)), LIMIT_SECONDS, until=lambda found: not found)
    assert not folder.exists()
    assert names(up) == []
    sim.line.speak(sim._ended_world(folder.name))  # of one that is over there is nothing to do


def test_no_world_that_is_not_there_is_ended(up: Up) -> None:
    unknown = httpx.delete(f"{up.url}/_peering/worlds/none", headers=up.bearer, timeout=LIMIT_SECONDS)
    assert (unknown.status_code, unknown.json()["detail"]["code"]) == (404, "UnknownWorld")


def test_a_world_that_nobody_asks_for_anything_ends(sim: Simulator, up: Up) -> None:
    sim.line.speak(sim._made_world(["alice"], 1))
    folder = up.folder / "worlds"
    wait_for_blocking(lambda: names(up), LIMIT_SECONDS, until=lambda left: left == [])
    wait_for_blocking(lambda: running_with(str(folder)), LIMIT_SECONDS, until=lambda left: left == [])
    with sim.world(["alice"], idle_seconds=1) as world:  # and its end is no error
        wait_for_blocking(lambda: names(up), LIMIT_SECONDS, until=lambda left: left == [])
        with pytest.raises(Refused, match="NotAdmitted"):
            world.accounts()


def test_a_world_comes_back_with_a_broker_that_was_killed(tmp_path: Path) -> None:
    """At once after it was made, when RabbitMQ still has the name of its last queue in memory alone."""
    options = {**OWN_BROKER, "PEERING_LISTEN": "127.0.0.1:0"}
    with (
        peering_up(CROSS_ACCOUNT, tmp_path / "peering", **options) as up,
        Simulator(url=up.url, token=up.token) as sim,
        sim.world() as world,
    ):
        one, other = world.pair("alice", "bob", connected=True, timeout=LIMIT_SECONDS)
        os.kill(up.pid("broker"), signal.SIGKILL)
        for end in (one, other):
            wait_for_blocking(end.status, LIMIT_SECONDS, forgive=(Unanswered,))
        one.suspend()
        other.wait("Suspended", timeout=LIMIT_SECONDS)


def test_what_no_world_can_be_is_refused(sim: Simulator, up: Up) -> None:
    for accounts, code in ((["open"], "InvalidWorld"), (["alice", "alice"], "InvalidWorld"), (["A"], "InvalidRequest")):
        with pytest.raises(Refused) as refused, sim.world(accounts):
            pytest.fail("there is no such world")
        assert refused.value.code == code
    assert names(up) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_the_worlds_end_with_their_server(warm: Path, tmp_path: Path, how: signal.Signals) -> None:
    """One that is killed leaves what the broker holds; whoever comes next in its folder removes it."""
    folder, before = tmp_path / "peering", await vhosts(warm)
    options = ("--warm", str(warm))
    with peering_up(CROSS_ACCOUNT, folder, *options, PEERING_LISTEN="127.0.0.1:0") as up:
        with Simulator(url=up.url, token=up.token) as sim:
            for _ in range(2):
                sim.line.speak(sim._made_world(["alice"], 900))
        assert len(await vhosts(warm)) == len(before) + 3
        up.program.send_signal(how)
        up.program.wait(LIMIT_SECONDS)
    await wait_for(lambda: running_with(str(folder)), LIMIT_SECONDS, until=lambda found: not found)
    if how is signal.SIGKILL:
        assert len(await vhosts(warm)) == len(before) + 3
        with peering_up(CROSS_ACCOUNT, folder, *options, PEERING_LISTEN="127.0.0.1:0") as up:
            assert len(await vhosts(warm)) == len(before) + 1
            assert not list((folder / "worlds").glob("[!.]*"))
    assert await vhosts(warm) == before
