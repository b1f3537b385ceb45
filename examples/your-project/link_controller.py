"""The controller: it initiates a peering connection between two accounts' VPCs, and returns when its link is up."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

LOOKS_AGAIN_SECONDS = 0.2
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class End:
    """One owner's end of a connection: its router interface, and the access key that may ask about it."""

    interface: str
    key_id: str
    key_secret: str
    address: str = "https://vpc.aliyuncs.com"
    region: str = "cn-hangzhou"

    def ask(self, action: str, **parameters: str) -> dict[str, Any]:
        """Call the cloud's API in this owner's name."""
        scheme, _, domain = self.address.partition("://")
        client = AcsClient(
            self.key_id, self.key_secret, self.region, timeout=ANSWER_SECONDS, connect_timeout=ANSWER_SECONDS
        )
        request = CommonRequest(domain=domain, version="2016-04-28", action_name=action)
        request.set_protocol_type(scheme)
        request.set_method("POST")
        for name, value in {"RegionId": self.region, **parameters}.items():
            request.add_query_param(name, value)
        answer: dict[str, Any] = json.loads(client.do_action_with_exception(request))
        return answer

    def status(self) -> str:
        """What this end shows; empty if there is no such interface."""
        which = {"Filter.1.Key": "RouterInterfaceId", "Filter.1.Value.1": self.interface}
        found = self.ask("DescribeRouterInterfaces", **which)["RouterInterfaceSet"]["RouterInterfaceType"]
        return str(found[0]["Status"]) if found else ""


def bring_up(initiating: End, accepting: End, timeout: float) -> None:
    """Initiate the connection, and wait until its link is up. Raises TimeoutError."""
    initiating.ask("ConnectRouterInterface", RouterInterfaceId=initiating.interface)
    wait_until_up(initiating, accepting, timeout)


def wait_until_up(initiating: End, accepting: End, timeout: float) -> None:
    """Wait until the link is up: both ends show Active, and not one alone. Raises TimeoutError."""
    ends = [initiating, accepting]
    limit = time.monotonic() + timeout
    while (seen := [end.status() for end in ends]) != ["Active"] * len(ends):
        if time.monotonic() > limit:
            raise TimeoutError(f"after {timeout:g} s the ends show {' and '.join(seen)}")
        time.sleep(LOOKS_AGAIN_SECONDS)


def main() -> None:
    """Run as `link-controller SECONDS INTERFACE KEY SECRET INTERFACE KEY SECRET`, the initiating end first."""
    seconds, *words = sys.argv[1:]
    bring_up(End(*words[:3]), End(*words[3:]), float(seconds))
    sys.stdout.write("the link is up\n")


if __name__ == "__main__":
    main()
