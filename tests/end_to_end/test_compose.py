"""Tests of docker-compose.yml as it is: what docs/by-hand.md says to type, and what its containers may not do."""

import json
import re
import secrets
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx
import pytest

from console.stack.compose import CONSOLE, DEFINITIONS, TOPOLOGY, compose_console, compose_definitions
from shared.broker.tap import TAP_USER
from tests.end_to_end.clients.calling import Key, client, install
from tests.end_to_end.clients.flows import ACCEPTING, INITIATING, connect, new_end, take_down
from tests.end_to_end.compose_project import LIMIT_SECONDS, WORKERS, Project, free_ports
from tests.end_to_end.programs import REPOSITORY, Terminal
from tests.waiting import wait_for_blocking

ABSENT: Final = """
from importlib.util import find_spec
from shutil import which
print(find_spec("tests"), find_spec("pytest"), which("gcc"))
"""
INSIDE: Final = (
    "PEERING_CONSOLE_TOKEN=$(cat /var/lib/peering/token) "
    "peering fault list --topology /etc/peering/topology.yaml --json"
)
INTRUDER: Final = """
import sys, urllib.error, urllib.request
forged = {"Origin": sys.argv[1].rpartition("/")[0], "X-Peering-Page": "1", "Content-Type": "application/json"}
request = urllib.request.Request(sys.argv[1], data=b"{}", headers={**forged, "Host": "127.0.0.1:8080"})
try:
    print("HTTP", urllib.request.urlopen(request, timeout=3).status)
except urllib.error.HTTPError as error:
    print("HTTP", error.code)
except OSError:
    print("unreachable")
"""
LOST: Final = ("initiate-never-heard", "third-message-lost", "suspended-at-one-end")
DISAGREEMENTS: Final = ("activated-accepting", "doubled-and-reordered", *LOST)


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    made = Project(f"peering-test-{secrets.token_hex(4)}", *free_ports(3))
    try:
        made.run("up", "--build", "--detach", "--wait")
        yield made
    finally:
        made.run("down", "--volumes", "--timeout", "5")
        subprocess.run(["docker", "image", "rm", made.name], capture_output=True, check=False)


@pytest.fixture(scope="module")
def topology(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """examples/compose.yaml, on this project's ports."""
    text = (REPOSITORY / TOPOLOGY).read_text()
    ours = text.replace("127.0.0.1:5672", f"127.0.0.1:{project.amqp_port}")
    path = tmp_path_factory.mktemp("compose") / "compose.yaml"
    path.write_text(ours.replace("127.0.0.1:15672", f"127.0.0.1:{project.management_port}"))
    return path


def terminal_of(account: str, topology: Path, environment: Mapping[str, str] | None = None) -> Terminal:
    return Terminal(REPOSITORY, ("--topology", str(topology), "--as", account), environment or {})


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_the_walk_through_of_the_readme(project: Project, topology: Path) -> None:
    alice, bob = terminal_of("alice", topology), terminal_of("bob", topology)
    alice.done("create", "--endpoint", "vpc-alice", "--id", "ri-alice")
    bob.done("create", "--endpoint", "vpc-bob", "--id", "ri-bob")
    assert alice.refused("initiate", "ri-alice@vpc-alice") == "PeerNotConfigured"
    alice.done("configure", "ri-alice", "--peer", "ri-bob@vpc-bob")
    bob.done("configure", "ri-bob", "--peer", "ri-alice@vpc-alice")
    assert bob.refused("initiate", "ri-bob") == "NotInitiator"
    alice.done("initiate", "ri-alice")
    alice.both_show("Activated", "ri-alice")
    bob.both_show("Activated", "ri-bob")

    alice.done("send", "ri-alice", "hello bob")
    bob.done("send", "ri-bob", "hello alice")
    bob.received("ri-bob", "hello bob")
    alice.received("ri-alice", "hello alice")

    bob.done("suspend", "ri-bob")
    alice.both_show("Suspended", "ri-alice")
    bob.both_show("Suspended", "ri-bob")
    assert alice.refused("send", "ri-alice", "hello?") == "NotActivated"
    assert alice.refused("resume", "ri-alice") == "HeldByPeer"
    bob.done("resume", "ri-bob")
    alice.both_show("Activated", "ri-alice")
    bob.both_show("Activated", "ri-bob")
    assert alice.done("show", "ri-alice")["charged"] == "this end"
    assert bob.done("show", "ri-bob")["charged"] == "the peer"

    shown = project.inside("alice-initiator", "show", "ri-alice")
    assert (shown["exit"], shown["status"], shown["peer"]["status"]) == (0, "Activated", "Activated")


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_the_clouds_own_client_connects_the_endpoints_that_run(project: Project) -> None:
    install()
    url = f"http://127.0.0.1:{project.console_port}"
    reset = httpx.post(f"{url}/_peering/reset", headers=project.bearer, timeout=LIMIT_SECONDS)
    assert reset.is_success, reset.text  # two routers have one connection
    keys = [Key(one, f"LTAI-demo-key-of-{one}", f"demo-secret-of-{one}") for one in ("alice", "bob")]
    with client("new", url, keys[0]) as alice, client("new", url, keys[1], "cn-beijing") as bob:
        assert [vpc["VpcId"] for vpc in alice.call("DescribeVpcs")["Vpcs"]["Vpc"]] == ["vpc-alice"]
        first = new_end(alice, "vrt-alice", INITIATING, "cn-beijing")
        second = new_end(bob, "vrt-bob", ACCEPTING, "cn-hangzhou")
        connect(first, second)
        take_down(first, second)
        refused = alice.refused("CreateVpc", CidrBlock="10.0.0.0/8")
        assert (refused.status, refused.code) == (400, "QuotaExceeded.Vpc")


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_a_third_message_is_held_from_outside_and_from_inside(project: Project, topology: Path) -> None:
    url = f"http://127.0.0.1:{project.console_port}"
    console = {"PEERING_CONSOLE_URL": url, "PEERING_CONSOLE_TOKEN": project.bearer["Authorization"].split()[1]}
    alice, bob = terminal_of("alice", topology, console), terminal_of("bob", topology)
    alice.done("create", "--endpoint", "vpc-alice", "--id", "ri-heldalice")
    bob.done("create", "--endpoint", "vpc-bob", "--id", "ri-heldbob")
    alice.done("configure", "ri-heldalice", "--peer", "ri-heldbob@vpc-bob")
    bob.done("configure", "ri-heldbob", "--peer", "ri-heldalice@vpc-alice")
    alice.done("fault", "add", "hold", "--next-of", "alice", "--from", "alice", "--message", "declare")
    alice.done("initiate", "ri-heldalice")
    alice.both_show("Activated", "ri-heldalice")
    wait_for_blocking(lambda: alice.done("held", "list")["held"], LIMIT_SECONDS)
    assert bob.done("show", "ri-heldbob")["status"] == "Accepting"
    listed = json.loads(project.run("exec", "-T", "console", "sh", "-c", INSIDE).stdout)
    assert listed["faults"][0]["interface"] == "ri-heldalice"
    alice.done("fault", "clear")
    bob.both_show("Activated", "ri-heldbob")


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_one_call_from_outside_reaches_a_state_of_disagreement(project: Project) -> None:
    def reached(name: str) -> httpx.Response:
        url = f"http://127.0.0.1:{project.console_port}/_peering/situations/{name}"
        return httpx.post(url, json={"seconds": 10.0}, headers=project.bearer, timeout=LIMIT_SECONDS)

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(reached, DISAGREEMENTS))
    assert [one.text for one in answers if not (one.is_success and one.json()["healed"])] == []
    assert "NotSupervised" in reached("store-lost").text


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_one_account_cannot_command_the_others_end(project: Project, topology: Path) -> None:
    assert terminal_of("alice", topology).refused("suspend", "ri-bob@vpc-bob") == "NotOwner"
    from_inside = project.inside("alice-initiator", "suspend", "ri-bob@vpc-bob", "--patience", "2")
    assert from_inside["exit"] == 1
    assert from_inside["outcome"] in {"refused", "failed"}


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_the_page_opens_as_documented_and_no_log_tells_how(project: Project) -> None:
    typed = re.search(r'#   echo "(http\S+token=)\$\((.*)\)"', (REPOSITORY / "docker-compose.yml").read_text())
    assert typed is not None
    token = project.run(*shlex.split(typed[2])[2:]).stdout.strip()
    address = typed[1].replace("8080", str(project.console_port))
    opened = httpx.get(f"{address}{token}", timeout=LIMIT_SECONDS)
    assert (opened.status_code, bool(opened.cookies)) == (httpx.codes.SEE_OTHER, True)
    logs = project.run("logs", "console").stdout
    assert "/?token=…, which is in /var/lib/peering/token (mode 0600)" in logs
    assert token not in logs
    assert "demo-secret" not in logs


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_no_worker_can_act_through_the_console(project: Project, topology: Path) -> None:
    bob = terminal_of("bob", topology)
    before = [one["interface"] for one in bob.done("show")["interfaces"]]
    url = f"http://127.0.0.1:{project.console_port}"
    assert httpx.get(f"{url}/_peering/health", timeout=LIMIT_SECONDS).is_success, "it is there"
    for host in ("console", *project.addresses("console")):
        for path in ("/_peering/reset", "/_peering/seed", "/page/act"):
            asked = project.run("exec", "-T", "alice-initiator", "python", "-c", INTRUDER, f"http://{host}:8080{path}")
            assert asked.stdout.strip() in {"unreachable", "HTTP 401"}, asked.stdout
    assert project.run(
        "exec", "-T", "alice-initiator", "sh", "-c", "cat /var/lib/peering/token", check=False
    ).returncode
    for path in ("/_peering/reset", "/page/act"):
        denied = httpx.post(f"{url}{path}", timeout=LIMIT_SECONDS)
        assert denied.status_code == 401, "whoever is on this machine may not, either"
    assert [one["interface"] for one in bob.done("show")["interfaces"]] == before


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_a_worker_is_healthy_only_while_it_can_consume(project: Project) -> None:
    assert [project.health(worker) for worker in WORKERS] == ["healthy", "healthy"]
    project.run("stop", "rabbitmq")
    project.wait_until_workers_are("unhealthy")
    project.run("start", "rabbitmq")
    project.wait_until_workers_are("healthy")


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_a_worker_holds_nothing_that_it_does_not_need(project: Project) -> None:
    for worker, stranger in zip(WORKERS, ("bob", "alice"), strict=True):
        shown = project.inspect(worker)
        assert shown["HostConfig"]["ReadonlyRootfs"] is True
        assert shown["HostConfig"]["CapDrop"] == ["ALL"]
        assert shown["HostConfig"]["PortBindings"] == {}
        assert any(option.startswith("no-new-privileges") for option in shown["HostConfig"]["SecurityOpt"])
        assert shown["Config"]["User"] == "10001:10001"
        assert f"demo-password-of-{stranger}" not in json.dumps(shown["Config"])
        assert "demo-password-of-admin" not in json.dumps(shown["Config"])
        assert project.run("exec", "-T", worker, "python", "-c", ABSENT).stdout.split() == ["None"] * 3


@pytest.mark.compose
@pytest.mark.timeout(600)
def test_the_broker_is_published_on_loopback_alone_and_knows_no_guest(project: Project) -> None:
    bindings = project.inspect("rabbitmq")["HostConfig"]["PortBindings"]
    assert {one["HostIp"] for ports in bindings.values() for one in ports} == {"127.0.0.1"}
    users = project.run("exec", "-T", "rabbitmq", "rabbitmqctl", "-q", "list_users", "--formatter", "json").stdout
    known = {user["user"] for user in json.loads(users)}
    assert known - {TAP_USER} == {"admin", "alice", "bob"}, "but for the user that the console makes to inject faults"


def test_the_brokers_definitions_are_what_the_code_prints() -> None:
    assert (REPOSITORY / DEFINITIONS).read_text() == compose_definitions(REPOSITORY)
    assert (REPOSITORY / CONSOLE).read_text() == compose_console(REPOSITORY)
