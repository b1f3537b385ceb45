"""Tests of what `peering serve` and `peering up` print of secrets: on a terminal all, into a journal or log none."""

import os
import pty
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.end_to_end.programs import LIMIT_SECONDS, PEERING, REPOSITORY, surroundings

SECRETS = ("demo-secret-of-alice", "demo-secret-of-bob")
READY = re.compile("^ready|ended last", re.MULTILINE)
"""The last word of the first output: in a log, and above the table of a terminal."""


class Printed(NamedTuple):
    """What a command printed until it was ready, and the token and the answer to the address that it printed."""

    text: str
    token: str
    opened: int


def printed(
    open_two: Callable[[], tuple[int, int]], folder: Path, *words: str, environment: dict[str, str] | None = None
) -> Printed:
    """Run a command, whose output goes into a pipe or a terminal, until it is ready; and open the page."""
    reading, writing = open_two()
    command = [*PEERING, *words, "--folder", str(folder), "--listen", "127.0.0.1:0"]
    text = ""
    with subprocess.Popen(command, env=surroundings(**environment or {}), stdout=writing, stderr=writing) as program:
        os.close(writing)
        try:
            while not READY.search(text):
                text += os.read(reading, 65536).decode()
            address = re.search(r"The page: (http://\S+?)(,|\s)", text)
            assert address is not None, text
            opened = httpx.get(address[1], timeout=LIMIT_SECONDS).status_code
        finally:
            program.terminate()
            program.wait(LIMIT_SECONDS)
            os.close(reading)
    return Printed(text, (folder / "token").read_text().strip(), opened)


@pytest.fixture(params=["serve", "up"])
def words(request: pytest.FixtureRequest, tmp_path: Path) -> Sequence[str]:
    """A command and its topology, whose accounts have access keys; `serve` does without a broker."""
    if request.param == "up":
        return ("up", str(REPOSITORY / "docker" / "everything.yaml"))
    topology = tmp_path / "topology.yaml"
    topology.write_text((REPOSITORY / "docker" / "console.yaml").read_text().replace("rabbitmq:5672", "127.0.0.1:1"))
    return ("serve", "--topology", str(topology))


def test_a_log_is_told_where_secrets_are_and_none_of_them(words: Sequence[str], tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    text, token, opened = printed(os.pipe, folder, *words)
    assert token not in text
    assert not any(one in text for one in SECRETS)
    assert f"/?token=…, which is in {folder}/token (mode 0600)" in text
    assert text.count(f"access key LTAI-demo-key-of-alice, secret in {folder}/console.sqlite (mode 0600)") == 1
    assert opened == httpx.codes.UNAUTHORIZED


def test_a_terminal_is_told_all_secrets(words: Sequence[str], tmp_path: Path) -> None:
    text, token, opened = printed(pty.openpty, tmp_path / "peering", *words)
    assert f"/?token={token}" in text
    assert all(f", secret {one}" in text for one in SECRETS)
    assert opened == httpx.codes.SEE_OTHER


@pytest.mark.parametrize(
    ("words", "option", "environment"),
    [("serve", ["--show-secrets"], {}), ("up", [], {"PEERING_SHOW_SECRETS": "1"})],
    indirect=["words"],
)
def test_a_log_is_told_secrets_for_the_asking(
    words: Sequence[str], option: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    text, token, opened = printed(os.pipe, tmp_path / "peering", *words, *option, environment=environment)
    assert f"/?token={token}" in text
    assert all(f", secret {one}" in text for one in SECRETS)
    assert opened == httpx.codes.SEE_OTHER
