"""The pytest plugin: fixtures for a world, a pair and a link of a test's own, faults and situations as markers.

    @pytest.mark.peering_fault("drop", status="Activated", times=2)
    def test_my_controller_waits_for_both_ends(peering_pair):
        a, b = peering_pair

Beside the report of a failed test stands why its connection is as it is, and the path of a drawing of it. What is
imported here is loaded in every run of pytest, whether it tests peering connections or not: it is little on purpose.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from peering_handshake.ends import End, Way
    from peering_handshake.pytest_sharing import Worlds
    from peering_handshake.simulator import Simulator

ACCOUNTS_SETTING: Final = "peering_accounts"
TRACES_SETTING: Final = "peering_traces"
FAULTS: Final = ("drop", "delay", "duplicate", "reorder", "hold", "cut")
MARKERS: Final = (
    "peering_accounts(*uids): the accounts of this test's world, the initiator's first",
    f"peering_fault(do, *, back=False, **which): {', '.join(FAULTS)} on the way a >> b of this test's pair, or b >> a",
    "peering_situation(name, *, times=None): this test's pair are the ends of a state of disagreement, by its name",
)
_DRAWN_AT_MOST: Final = 4
_SHARED_NAME: Final = "peering_simulator"
_SHARED: Final = pytest.StashKey[Any]()
_WORLD: Final = pytest.StashKey["Simulator"]()
_PAIR: Final = pytest.StashKey["tuple[End, End]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings, and the option."""
    url = "a simulator that runs, as PEERING_CONSOLE_URL says; its token is in PEERING_CONSOLE_TOKEN"
    parser.getgroup("peering").addoption("--peering-url", metavar="URL", help=url)
    parser.addini(ACCOUNTS_SETTING, "accounts of a test's world, the initiator's first", "args", ["alice", "bob"])
    traces = "folder for the drawings of what failed, from pytest's root folder"
    parser.addini(TRACES_SETTING, traces, "string", ".pytest_cache/peering-traces")


def pytest_configure(config: pytest.Config) -> None:
    """Describe the markers, and add the asynchronous fixtures where pytest-asyncio is loaded."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if config.pluginmanager.hasplugin("asyncio"):
        config.pluginmanager.import_plugin("peering_handshake.pytest_async")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - pytest-xdist's, which need not be installed
    """Tell a process of pytest-xdist where to ask for the simulator that all of them share."""
    from peering_handshake.pytest_sharing import SharedSimulator  # noqa: PLC0415 - only for pytest-xdist

    config: pytest.Config = node.config
    if _SHARED not in config.stash:
        config.stash[_SHARED] = shared = SharedSimulator(config.getini(ACCOUNTS_SETTING))
        config.add_cleanup(shared.end)
    node.workerinput[_SHARED_NAME] = config.stash[_SHARED].address


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse markers that say nothing, before any test runs. Raises pytest.UsageError."""
    for item in items:
        for marker in item.iter_markers():
            if marker.name.startswith("peering_"):
                _check(item, marker)


def _check(item: pytest.Item, marker: pytest.Mark) -> None:
    """Raises pytest.UsageError for a marker that could have no effect, or not the one that is meant."""
    from peering_handshake.faults import Which  # noqa: PLC0415 - only where a marker says something

    used, problem = set(getattr(item, "fixturenames", ())), ""
    if marker.name == "peering_accounts":
        problem = "" if marker.args and not marker.kwargs else "takes one account or more, and nothing by name"
    elif marker.name == "peering_fault":
        known = {"both", "back"} if marker.args == ("cut",) else {*Which.__annotations__, "back"}
        if len(marker.args) != 1 or marker.args[0] not in FAULTS:
            problem = f"takes one of {', '.join(FAULTS)}"
        elif unknown := sorted(set(marker.kwargs) - known):
            problem = f"does not know {', '.join(unknown)}; it knows {', '.join(sorted(known))}"
    elif marker.name == "peering_situation":
        if len(marker.args) != 1 or set(marker.kwargs) - {"times"}:
            problem = "takes the name of a situation, and times"
        elif "peering_link" in used:
            problem = "has its ends in peering_pair; peering_link is a link that exists"
    else:
        problem = "is no marker of this plugin"
    if (
        not problem
        and marker in getattr(item, "own_markers", ())
        and not any(one.startswith("peering_") for one in used)
    ):
        problem = "has no effect on a test without peering_world, peering_pair or peering_link"
    if problem:
        raise pytest.UsageError(f"{item.nodeid}: the marker {marker.name} {problem}")


@pytest.fixture(scope="session")
def peering_simulator(pytestconfig: pytest.Config) -> Iterator[Simulator]:
    """The simulator: the one that --peering-url or PEERING_CONSOLE_URL names, or one started for the session.

    Processes of pytest-xdist share one. Raises NotStarted.
    """
    from peering_handshake.pytest_sharing import ask  # noqa: PLC0415 - it loads the client
    from peering_handshake.simulator import Simulator  # noqa: PLC0415 - whoever tests without it need not load httpx

    address = getattr(pytestconfig, "workerinput", {}).get(_SHARED_NAME)
    named = pytestconfig.getoption("--peering-url") or os.environ.get("PEERING_CONSOLE_URL")
    url, token = ask(address) if address and not named else (named, None)
    with Simulator(pytestconfig.getini(ACCOUNTS_SETTING), url=url, token=token) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def _peering_worlds(peering_simulator: Simulator) -> Iterator[Worlds]:
    """The worlds of this process."""
    from peering_handshake.pytest_sharing import Worlds  # noqa: PLC0415 - it loads the client

    worlds = Worlds(peering_simulator)
    try:
        yield worlds
    finally:
        worlds.end()


@pytest.fixture
def peering_world(_peering_worlds: Worlds, request: pytest.FixtureRequest) -> Simulator:
    """A simulator with nothing in it, this test's alone: its accounts, workers, keys, rules and faults.

    It serves this process's next test with the same accounts as well, and is reset before.
    """
    world = _peering_worlds.fresh(*_accounts(request))
    request.node.stash[_WORLD] = world
    return world


@pytest.fixture
def peering_pair(peering_world: Simulator, request: pytest.FixtureRequest) -> tuple[End, End]:
    """Two ends in this test's world, the initiator first: Idle, and naming each other, unless markers say more."""
    node = request.node
    if (situation := node.get_closest_marker("peering_situation")) is not None:
        reached = peering_world.situation(*situation.args, **situation.kwargs)
        pair = reached.initiator, reached.acceptor
    else:
        accounts = _accounts(request)
        pair = peering_world.pair(accounts[0], accounts[-1])
    node.stash[_PAIR] = pair
    for marker in reversed(list(node.iter_markers("peering_fault"))):
        _strike(peering_world, pair, marker)
    return pair


@pytest.fixture
def peering_link(peering_pair: tuple[End, End]) -> tuple[End, End]:
    """The ends of this test's pair, initiated, and both Activated: the link exists."""
    peering_pair[0].initiate()
    for end in peering_pair:
        end.wait("Activated")
    return peering_pair


def _accounts(request: pytest.FixtureRequest) -> list[str]:
    """The accounts of a test's world."""
    marker = request.node.get_closest_marker("peering_accounts")
    return list(request.config.getini(ACCOUNTS_SETTING) if marker is None else marker.args)


def _strike(world: Simulator, pair: tuple[End, End], marker: pytest.Mark) -> None:
    """Make the fault that a marker names."""
    first, second = pair
    which = dict(marker.kwargs)
    way: Way = second >> first if which.pop("back", False) else first >> second
    getattr(world.faults, marker.args[0])(way, **which)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put beside the report of a failed test why its connections are as they are, and drawings of them."""
    report = yield
    world = item.stash.get(_WORLD, None)
    if report.failed and world is not None and call.when != "teardown":
        report.sections.append(("peering", "\n".join(_told(item, world))))
    return report


def _told(item: pytest.Item, world: Simulator) -> Iterator[str]:
    """Say why, and draw what happened, of each connection of a world."""
    from peering_handshake.errors import PeeringError  # noqa: PLC0415 - only where something failed

    folder = item.config.rootpath / item.config.getini(TRACES_SETTING)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", item.nodeid)[-150:]
    try:
        pair = item.stash.get(_PAIR, None)
        ends = _one_of_each(world) if pair is None else [pair[0]]
        for number, end in enumerate(ends[:_DRAWN_AT_MOST], start=1):
            yield f"{end.name}: {end.why()}"
            drawing = end.trace("svg")
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / (f"{name}.svg" if number == 1 else f"{name}-{number}.svg")
            file.write_text(drawing, encoding="utf-8")
            yield f"drawn in {file}"
    except PeeringError as error:
        yield f"the simulator does not say why: {error}"


def _one_of_each(world: Simulator) -> list[End]:
    """One end of each connection."""
    ends: dict[frozenset[str], End] = {}
    for one in world.interfaces():
        names = {one["interface"], *([] if one["peer"] is None else [one["peer"]["interface"]])}
        ends.setdefault(frozenset(names), world.end(f"{one['interface']}@{one['endpoint']}"))
    return list(ends.values())
