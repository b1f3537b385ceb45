"""The topologies of the stories: those of `examples/`, so that what was watched can be tried by hand."""

from __future__ import annotations

from typing import Final, Literal

from console.topology import AccountSection, EndpointSection, Topology

HANGZHOU: Final = "cn-hangzhou"
BEIJING: Final = "cn-beijing"


def _endpoint(endpoint: str, account: str, region: str, role: Literal["initiator", "acceptor"]) -> EndpointSection:
    kind: Literal["vpc", "vbr"] = "vbr" if endpoint.startswith("vbr-") else "vpc"
    return EndpointSection(id=endpoint, kind=kind, account=account, region=region, role=role)


ALICE: Final = AccountSection(uid="alice")
BOB: Final = AccountSection(uid="bob")

CROSS_ACCOUNT: Final = Topology(
    accounts=(ALICE, BOB),
    endpoints=(
        _endpoint("vpc-alice", "alice", HANGZHOU, "initiator"),
        _endpoint("vpc-bob", "bob", BEIJING, "acceptor"),
    ),
)
SAME_ACCOUNT: Final = Topology(
    accounts=(ALICE,),
    endpoints=(
        _endpoint("vpc-office", "alice", HANGZHOU, "initiator"),
        _endpoint("vpc-archive", "alice", HANGZHOU, "acceptor"),
    ),
)
VBR: Final = Topology(
    accounts=(ALICE, BOB),
    endpoints=(
        _endpoint("vbr-alice", "alice", HANGZHOU, "initiator"),
        _endpoint("vpc-bob", "bob", HANGZHOU, "acceptor"),
    ),
)
