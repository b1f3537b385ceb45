"""The cloud's client libraries behind one interface: an action with parameters, an answer or an error as raised."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.end_to_end.programs import LIMIT_SECONDS, REPOSITORY, surroundings
from tests.waiting import wait_for_blocking

INSTALLED: Final = REPOSITORY / ".venv" / "clients"
HERE: Final = REPOSITORY / "tests" / "end_to_end" / "clients"
PYTHON: Final = ("new", "new-v2", "old")
PEERING_LIBRARY: Final = "peering"
"""The library of VpcPeer, which knows no other product's actions."""
NODE: Final = ("node", "pop-get", "pop-post")

Body = dict[str, Any]


class CloudError(Exception):
    """An error that a client library raised."""

    def __init__(self, action: str, fields: dict[str, Any]) -> None:
        super().__init__(f"{action}: {fields}")
        self.code, self.status = str(fields["code"]), int(fields["status"])
        self.message, self.kind = str(fields["message"]), str(fields["kind"])


@dataclass(frozen=True)
class Key:
    """An account's access key."""

    account: str
    id: str
    secret: str


class Client:
    """A client library in a process of its own, with an account's key; calls go one after the other."""

    def __init__(self, program: subprocess.Popen[str], key: Key, region: str) -> None:
        self.program, self.key, self.region = program, key, region
        self._turn = threading.Lock()

    def call(self, action: str, **parameters: object) -> Body:
        """Call, and return the answer's body. Raises CloudError."""
        asked = {"RegionId": self.region, **parameters}
        with self._turn:
            assert self.program.stdin is not None
            assert self.program.stdout is not None
            self.program.stdin.write(json.dumps({"action": action, "parameters": asked}) + "\n")
            self.program.stdin.flush()
            line = self.program.stdout.readline()
        assert line, f"{action}: the client's program ended"
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            raise CloudError(action, said["error"])
        body: Body = said["body"]
        return body

    def refused(self, action: str, **parameters: object) -> CloudError:
        """Call what has to be answered with an error."""
        try:
            body = self.call(action, **parameters)
        except CloudError as error:
            return error
        raise AssertionError(f"{action} was answered {body}")

    def shown(self, interface: str) -> Body:
        """An interface as DescribeRouterInterfaceAttribute shows it."""
        return self.call("DescribeRouterInterfaceAttribute", InstanceId=interface)

    def status(self, interface: str) -> str:
        """Its status, as a list shows it; empty if it is not there."""
        filters = [{"Key": "RouterInterfaceId", "Value": [interface]}]
        listed = self.call("DescribeRouterInterfaces", Filter=filters)["RouterInterfaceSet"]["RouterInterfaceType"]
        return str(listed[0]["Status"]) if listed else ""

    def wait(self, interface: str, status: str) -> None:
        """Poll, as every client does, until a status is there."""
        wait_for_blocking(
            lambda: self.status(interface), LIMIT_SECONDS, until=lambda seen: seen == status, what=f"{status}"
        )


@contextmanager
def client(which: str, url: str, key: Key, region: str = "cn-hangzhou") -> Iterator[Client]:
    """Start a client library's program; it is ended afterwards."""
    arguments = [which, url.removeprefix("http://"), key.id, key.secret, region]
    if which in {*PYTHON, PEERING_LIBRARY}:
        command, folder = [str(INSTALLED / "python/bin/python"), str(HERE / "driver.py"), *arguments], REPOSITORY
    else:
        command, folder = ["node", str(HERE / "driver.cjs"), *arguments], INSTALLED / "node"
    with subprocess.Popen(
        command, cwd=folder, env=surroundings(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            yield Client(program, key, region)
        finally:
            program.terminate()
            program.wait(LIMIT_SECONDS)


def install() -> None:
    """Have the clients' libraries where they belong; does nothing if they are there."""
    subprocess.run(
        [str(REPOSITORY / "scripts/bootstrap"), "clients"], check=True, timeout=600, stdin=subprocess.DEVNULL
    )
