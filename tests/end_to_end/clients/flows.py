"""The flows of programs written for the cloud, call by call; the clients differ, the order does not.

The order of calls is the official example's and Terraform's.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.end_to_end.clients.calling import Client

INITIATING, ACCEPTING = "InitiatingSide", "AcceptingSide"


@dataclass(frozen=True)
class Vpc:
    """A VPC of a client's account."""

    id: str
    router: str
    table: str


@dataclass(frozen=True)
class End:
    """An interface, whose it is, and on which router."""

    owner: Client
    id: str
    router: str


def new_vpc(owner: Client, **more: object) -> Vpc:
    made = owner.call("CreateVpc", CidrBlock="10.0.0.0/8", **more)
    return Vpc(made["VpcId"], made["VRouterId"], made["RouteTableId"])


def new_end(owner: Client, router: str, role: str, opposite_region: str = "", **more: object) -> End:
    """Create an interface and poll until it is Idle."""
    spec = "Large.2" if role == INITIATING else "Negative"
    parameters: dict[str, object] = {
        "Role": role,
        "Spec": spec,
        "RouterType": "VBR" if router.startswith("vbr") else "VRouter",
        "RouterId": router,
        "OppositeRegionId": opposite_region or owner.region,
        **more,
    }
    made = owner.call("CreateRouterInterface", **parameters)["RouterInterfaceId"]
    end = End(owner, made, router)
    owner.wait(made, "Idle")
    return end


def point(end: End, other: End) -> None:
    """Tell an end who is opposite."""
    account = other.owner.key.account
    end.owner.call(
        "ModifyRouterInterfaceAttribute",
        RouterInterfaceId=end.id,
        OppositeInterfaceId=other.id,
        OppositeRouterId=other.router,
        OppositeRouterType="VBR" if other.router.startswith("vbr") else "VRouter",
        OppositeInterfaceOwnerId=int(account) if account.isdecimal() else account,
    )


def act(end: End, action: str) -> None:
    end.owner.call(f"{action}RouterInterface", RouterInterfaceId=end.id)


def connect(first: End, second: End) -> None:
    """Configure the accepting end, then the initiating one, and connect."""
    point(second, first)
    point(first, second)
    act(first, "Connect")
    first.owner.wait(first.id, "Active")
    second.owner.wait(second.id, "Active")


def take_down(first: End, second: End) -> None:
    """As the official example: deactivate both in turn, delete both in turn, each time until it is seen."""
    for end in (first, second):
        act(end, "Deactivate")
        end.owner.wait(end.id, "Inactive")
    for end in (first, second):
        act(end, "Delete")
        end.owner.wait(end.id, "")
