"""Tests of the cloud's API in the order of calls that Terraform makes, wait by wait."""

from __future__ import annotations

import pytest

from tests.end_to_end.clients.flows import ACCEPTING, INITIATING, act, new_end, point
from tests.end_to_end.clients.simulator import ALICE, Simulator


@pytest.mark.parametrize("which", ["old", "pop-post"])
def test_terraforms_order_of_calls_for_a_connection_of_two_resources(simulator: Simulator, which: str) -> None:
    """As the legacy resources do it, with their polling, in both wire forms."""
    terraform = simulator.client(which)
    one, two = simulator.vpcs(terraform)
    ends = []
    for router, role, name in ((one.router, INITIATING, "tf-first"), (two.router, ACCEPTING, "tf-second")):
        made = new_end(terraform, router, role, InstanceChargeType="PostPaid", ClientToken=f"{which}-{name}")
        terraform.call("ModifyRouterInterfaceAttribute", RouterInterfaceId=made.id, Name=name)
        ends.append(made)
    first, second = ends
    for end, other in ((second, first), (first, second)):
        assert terraform.status(end.id) == terraform.status(other.id) == "Idle"
        point(end, other)
        shown = terraform.shown(end.id)
        opposite = [shown[f"Opposite{name}"] for name in ("InterfaceId", "RouterId", "RouterType", "InterfaceOwnerId")]
        assert opposite == [other.id, other.router, "VRouter", ALICE]
    act(first, "Connect")
    for end in ends:
        terraform.wait(end.id, "Active")
    act(first, "Deactivate")
    terraform.wait(first.id, "Inactive")
    if terraform.status(second.id) == "Active":
        act(second, "Deactivate")
    terraform.wait(second.id, "Inactive")
    for end in ends:
        act(end, "Delete")
    for end in ends:
        terraform.wait(end.id, "")


def test_terraforms_order_of_calls_for_its_new_resource(simulator: Simulator) -> None:
    """FastLink: renamed, resized, frozen, thawed, regrouped, tagged, and deleted while Active (section 4.3)."""
    terraform = simulator.client("pop-post")
    border = terraform.call("CreateVirtualBorderRouter", PhysicalConnectionId="pc-2", VlanId=8)["VbrId"]
    made = terraform.call(
        "CreateRouterInterface",
        AutoPay="true",
        RouterType="VBR",
        RouterId=border,
        OppositeRegionId="cn-hangzhou",
        Spec="Mini.2",
        Role=INITIATING,
        AccessPointId="ap-cn-hangzhou-1",
        OppositeRouterId=simulator.vpcs(terraform, 1)[0].router,
        OppositeRouterType="VRouter",
        OppositeInterfaceOwnerId=ALICE,
        FastLinkMode="true",
        **{"Tag.1.Key": "Created", "Tag.1.Value": "TF"},
    )["RouterInterfaceId"]
    terraform.wait(made, "Active")
    about = {"RouterInterfaceId": made}
    terraform.call("ModifyRouterInterfaceAttribute", **about, Name="tf-renamed")
    assert terraform.call("ModifyRouterInterfaceSpec", **about, Spec="Mini.5", ClientToken="tf-1")["Spec"] == "Mini.5"
    terraform.call("DeactivateRouterInterface", **about)
    terraform.wait(made, "Inactive")
    terraform.call("ActivateRouterInterface", **about)
    terraform.wait(made, "Active")
    group = {"ResourceType": "ROUTERINTERFACE", "ResourceId": made}
    terraform.call("ChangeResourceGroup", **group, NewResourceGroupId="rg-tf")
    shown = terraform.shown(made)
    assert (shown["Name"], shown["Spec"], shown["ResourceGroupId"]) == ("tf-renamed", "Mini.5", "rg-tf")
    assert shown["Tags"] == {"Tags": [{"Key": "Created", "Value": "TF"}]}
    terraform.call("DeleteExpressConnect", **about, Force="true", ClientToken="tf-2")
    assert terraform.shown(made)["RouterInterfaceId"] == ""
