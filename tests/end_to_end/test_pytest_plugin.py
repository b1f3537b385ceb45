"""Tests of the pytest plugin in projects of their own: its fixtures, markers, drawings, and processes that share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from peering_handshake import Simulator
from tests.end_to_end.programs import LIMIT_SECONDS, running_with
from tests.waiting import wait_for_blocking

pytest_plugins = ["pytester"]
pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(400)]

NOWHERE = "http://127.0.0.1:9"
SETTINGS = """
[pytest]
addopts = --strict-markers -W error
asyncio_default_fixture_loop_scope = function
"""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project without tests; its simulator is nowhere."""
    monkeypatch.setenv("PEERING_CONSOLE_URL", NOWHERE)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini(SETTINGS)
    return pytester


@pytest.fixture
def served(project: pytest.Pytester, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose simulator runs."""
    monkeypatch.setenv("PEERING_CONSOLE_URL", simulator.access.url)
    monkeypatch.setenv("PEERING_CONSOLE_TOKEN", simulator.access.token)
    return project


def test_each_test_has_a_world_with_nothing_in_it_and_what_its_markers_say(served: pytest.Pytester) -> None:
    served.makepyfile(
        """
        import pytest

        def test_a_pair_names_each_other(peering_pair):
            a, b = peering_pair
            assert [a.status(), b.status()] == ["Idle", "Idle"]
            assert a.show()["own"]["peer"]["interface"] == b.interface

        def test_a_link_exists(peering_link, peering_world):
            assert peering_link[1].show()["link"] is True
            peering_world.faults.cut(peering_link[0] >> peering_link[1], both=True)
            peering_world.faults.worker("stop", "vpc-bob-in")

        def test_nothing_of_it_is_left(peering_world):
            assert peering_world.interfaces() == []
            assert peering_world.faults.listed() == []
            peering_world.pair("alice", "bob", connected=True)

        @pytest.mark.peering_fault("drop", message="declare", back=True)
        @pytest.mark.peering_fault("hold", status="Connecting")
        def test_faults_are_there_before_the_first_message(peering_pair, peering_world):
            a, b = peering_pair
            assert [(one["fault"]["do"], one["fault"]["from"]) for one in peering_world.faults.listed()] == [
                ("drop", b.endpoint), ("hold", a.endpoint),
            ]
            assert a.initiate() == "Connecting"
            assert b.status() == "Idle"

        @pytest.mark.peering_situation("third-message-lost")
        class TestEndsThatDisagree:
            def test_one_is_up_and_one_is_not(self, peering_pair):
                a, b = peering_pair
                assert [a.status(), b.status()] == ["Activated", "Accepting"]
                assert a.show()["link"] is False

            def test_class_markers_need_not_concern_all_tests(self):
                pass

        @pytest.mark.peering_accounts("carol")
        def test_an_account_may_connect_its_own(peering_link, peering_world):
            assert [one["account"] for one in peering_world.accounts()] == ["carol"]
            assert {one["account"] for one in peering_world.interfaces()} == {"carol"}
        """
    )
    served.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=7)
    assert not list(served.path.glob("**/*.svg"))


def test_an_option_names_the_simulator_before_the_environment_does(
    served: pytest.Pytester, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEERING_CONSOLE_URL", NOWHERE)
    served.makepyfile("def test_it(peering_world): assert peering_world.interfaces() == []")
    served.runpytest_subprocess("--peering-url", simulator.access.url, "-n", "1").assert_outcomes(passed=1)


def test_a_failed_test_has_a_drawing_and_a_reason_also_where_its_own_fixture_failed(served: pytest.Pytester) -> None:
    served.makepyfile(
        """
        import pytest

        @pytest.fixture
        def service(peering_pair):
            raise RuntimeError("out of order")

        def test_in_vain(service):
            pass

        @pytest.mark.parametrize("wanted", ["Deleted/.."])
        def test_wrong(peering_link, wanted):
            assert peering_link[0].status() == wanted

        def test_two(peering_world):
            peering_world.pair("alice", "bob", connected=True)
            peering_world.create("vpc-bob-in")
            assert False
        """
    )
    result = served.runpytest_subprocess("-o", "peering_traces=drawings")
    result.assert_outcomes(failed=2, errors=1)
    told = result.stdout.str()
    drawings = sorted(one for one in served.path.glob("drawings/*"))
    assert len(drawings) == 4
    assert all(one.read_text().startswith("<svg") and f"drawn in {one}" in told for one in drawings)
    assert "Nobody has initiated the connection" in told
    assert "both ends are Activated" in told


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_asynchronous_tests_have_the_same_fixtures(served: pytest.Pytester, mode: str) -> None:
    served.makepyfile(
        f"""
        import pytest

        pytestmark = [pytest.mark.asyncio] if "{mode}" == "strict" else []

        async def test_a_pair(async_peering_pair, async_peering_world):
            a, b = async_peering_pair
            await async_peering_world.faults.drop(a >> b, status="Activated", times=1)
            await a.initiate()
            await b.wait("Activated")

        async def test_a_link(async_peering_link, peering_link):
            assert [one.name for one in async_peering_link] == [one.name for one in peering_link]
            assert (await async_peering_link[1].show())["link"] is True
        """
    )
    served.runpytest_subprocess("-o", f"asyncio_mode={mode}").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "fixture", "said"),
    [
        ("peering_fault('drop', statsu='Activated')", "peering_pair", "does not know statsu; it knows back, both"),
        ("peering_fault('cut', status='Activated')", "peering_pair", "does not know status; it knows back, both"),
        ("peering_fault('explode')", "peering_pair", "takes one of drop, delay"),
        ("peering_fault()", "peering_pair", "takes one of drop, delay"),
        ("peering_situation()", "peering_pair", "takes the name of a situation"),
        ("peering_situation('both-suspend')", "peering_link", "has its ends in peering_pair"),
        ("peering_accounts()", "peering_world", "takes one account or more"),
        ("peering_fault('drop')", "tmp_path", "has no effect on a test without peering_world"),
    ],
)
def test_a_marker_that_says_nothing_is_refused_before_any_test(
    project: pytest.Pytester, marker: str, fixture: str, said: str
) -> None:
    project.makepyfile(f"import pytest\n\n@pytest.mark.{marker}\ndef test_it({fixture}):\n    pass")
    result = project.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*test_it: the marker {marker.partition('(')[0]} {said}*"])


def test_a_run_without_its_fixtures_starts_nothing_and_does_not_load_the_client(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_it():
            loaded = {one for one in sys.modules if one.startswith("peering_handshake")}
            assert loaded <= {"peering_handshake", "peering_handshake.pytest_plugin", "peering_handshake.pytest_async"}
            assert "httpx" not in sys.modules
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=1)
    unset = "ignore::pytest.PytestConfigWarning"  # of a setting of pytest-asyncio
    project.runpytest_subprocess("-p", "no:asyncio", "-W", unset).assert_outcomes(passed=1)


def test_processes_share_one_simulator_and_do_not_see_each_other(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PEERING_CONSOLE_URL")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(16))
        def test_it(peering_link, peering_world, peering_simulator, number, worker_id):
            assert sorted(one["interface"] for one in peering_world.interfaces()) == sorted(
                one.interface for one in peering_link
            )
            with open("told", "a") as told:
                told.write(f"{peering_simulator.access.url} {peering_world.access.token} {worker_id}\\n")
        """
    )
    result = project.runpytest_subprocess("-n", "4")
    result.assert_outcomes(passed=16)
    told = [one.split() for one in (project.path / "told").read_text().splitlines()]
    urls, worlds, processes = (set(one) for one in zip(*told, strict=True))
    assert (len(urls), len(worlds)) == (1, len(processes))
    assert len(processes) > 1
    assert running_with(str(tmp_path)) == []


def test_a_simulator_that_does_not_start_is_tried_once_by_all_processes(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PEERING_CONSOLE_URL")
    project.makepyfile("import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_it(peering_pair, n): pass")
    result = project.runpytest_subprocess("-n", "2", "-o", "peering_accounts=NOT-A-UID")
    result.assert_outcomes(errors=4)
    result.stdout.fnmatch_lines(["*NotStarted*peering up*did not start*"])


Interruption = tuple[Sequence[str], Callable[[int, int], None], signal.Signals, int]
INTERRUPTED: Final = """
import pathlib, threading

def test_it(peering_link):
    pathlib.Path("reached").touch()
    threading.Event().wait()
"""


@pytest.mark.usefixtures("hears_ctrl_c")
@pytest.mark.parametrize(
    "interruption",
    [((), os.killpg, signal.SIGINT, pytest.ExitCode.INTERRUPTED), (("-n", "2"), os.kill, signal.SIGKILL, -9)],
    ids=["Ctrl-C", "kill -9"],
)
def test_the_simulator_ends_with_a_run_that_is_interrupted_or_killed(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, interruption: Interruption
) -> None:
    options, stop, by, code = interruption
    monkeypatch.delenv("PEERING_CONSOLE_URL")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    project.makepyfile(INTERRUPTED)
    said, reached = project.path / "said", project.path / "reached"
    with (
        said.open("w") as output,
        subprocess.Popen(
            (sys.executable, "-m", "pytest", *options),
            cwd=project.path,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as run,
    ):
        try:
            wait_for_blocking(lambda: reached.exists() or run.poll() is not None, 3 * LIMIT_SECONDS)
            assert reached.exists(), said.read_text()
            stop(run.pid, by)
            assert run.wait(LIMIT_SECONDS) == code, said.read_text()
        finally:
            run.kill()
    wait_for_blocking(lambda: running_with(str(tmp_path)), LIMIT_SECONDS, until=lambda left: left == [])
    assert "Error" not in said.read_text()
