"""The actions of the cloud's API: who answers each, and what it does with every parameter that is documented for it.

Source: the request models of the cloud's own libraries (`alibabacloud-vpc20160428` 7.2.2 and
`alibabacloud-vpcpeer20220101` 2.0.5), against which a test holds it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from console.web.cloud.actions import (
    changing,
    connecting,
    creating,
    deleting,
    describing,
    neighbours,
    peerings,
    routers,
    routes,
    tagging,
)
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.description import Description, Kind
from console.web.cloud.errors import ErrorKind

Handler = Callable[[Call], Awaitable[Body]]


class Action(NamedTuple):
    """An action: who answers it, its description, and the refusals that tell a resumed call that it was done."""

    handler: Handler
    description: Description
    done: tuple[ErrorKind, ...] = ()


_INTERFACE: Final = "RouterInterfaceId"
_PAGES: Final = "PageNumber PageSize"
_VBR: Final = f"{' '.join(routers.BORDER_FIELDS)} Name Description"
_PEERING: Final = "2022-01-01"
_BOTH: Final = f"2016-04-28 {_PEERING}"
_TAGGED: Final = "ResourceType ResourceId"

ACTIONS: Final[Mapping[str, Action]] = {
    "CreateRouterInterface": Action(
        creating.create_router_interface,
        Description(
            Kind.CHANGES,
            "Role Spec RouterType RouterId OppositeRegionId OppositeRouterType OppositeRouterId OppositeInterfaceId"
            " OppositeInterfaceOwnerId AccessPointId OppositeAccessPointId HealthCheckSourceIp HealthCheckTargetIp Name"
            " Description InstanceChargeType Period PricingCycle FastLinkMode ResourceGroupId Tags",
            ignores="AutoPay AutoRenew",
            both_ends=True,
        ),
    ),
    "ModifyRouterInterfaceAttribute": Action(
        changing.modify_router_interface_attribute,
        Description(
            Kind.CHANGES,
            f"{_INTERFACE} Name Description OppositeInterfaceId OppositeRouterId OppositeRouterType"
            " OppositeInterfaceOwnerId HealthCheckSourceIp HealthCheckTargetIp HcThreshold HcRate DeleteHealthCheckIp",
        ),
    ),
    "ModifyRouterInterfaceSpec": Action(
        changing.modify_router_interface_spec, Description(Kind.CHANGES, f"{_INTERFACE} Spec")
    ),
    "ConnectRouterInterface": Action(
        connecting.connect_router_interface,
        Description(Kind.CHANGES, _INTERFACE, both_ends=True),
        (ErrorKind.STATUS_TO_CONNECT,),
    ),
    "DeactivateRouterInterface": Action(
        connecting.deactivate_router_interface, Description(Kind.CHANGES, _INTERFACE), (ErrorKind.STATUS_TO_DEACTIVATE,)
    ),
    "ActivateRouterInterface": Action(
        connecting.activate_router_interface, Description(Kind.CHANGES, _INTERFACE), (ErrorKind.STATUS_TO_ACTIVATE,)
    ),
    "DeleteRouterInterface": Action(
        deleting.delete_router_interface, Description(Kind.CHANGES, _INTERFACE), (ErrorKind.NO_INTERFACE_TO_DELETE,)
    ),
    "DeleteExpressConnect": Action(
        deleting.delete_express_connect,
        Description(Kind.CHANGES, f"{_INTERFACE} Force", both_ends=True),
        (ErrorKind.NO_INTERFACE_TO_DELETE,),
    ),
    "DescribeRouterInterfaces": Action(
        describing.describe_router_interfaces,
        Description(
            Kind.LISTS,
            f"IncludeReservationData {_PAGES}",
            narrows="ResourceGroupId Tags",
            keys="RouterInterfaceId RouterId RouterType RouterInterfaceOwnerId:_Owner OppositeInterfaceId"
            " OppositeRouterType OppositeRouterId OppositeInterfaceOwnerId Status Name",
        ),
    ),
    "DescribeRouterInterfaceAttribute": Action(
        describing.describe_router_interface_attribute, Description(Kind.SHOWS, "InstanceId")
    ),
    "CreateVpc": Action(
        routers.create_vpc,
        Description(
            Kind.CHANGES,
            "CidrBlock VpcName Description ResourceGroupId Tag UserCidr DryRun",
            refuses="EnableIpv6 EnableDnsHostname Ipv6CidrBlock Ipv6CidrMask Ipv6Isp Ipv4CidrMask Ipv4IpamPoolId"
            " Ipv6IpamPoolId",
        ),
    ),
    "ModifyVpcAttribute": Action(
        routers.modify_vpc_attribute,
        Description(
            Kind.CHANGES,
            "VpcId VpcName Description CidrBlock",
            refuses="EnableIPv6 EnableDnsHostname Ipv6CidrBlock Ipv6Isp",
        ),
    ),
    "DeleteVpc": Action(
        routers.delete_vpc, Description(Kind.CHANGES, "VpcId DryRun", refuses="ForceDelete"), (ErrorKind.NO_VPC,)
    ),
    "DescribeVpcs": Action(
        routers.describe_vpcs,
        Description(
            Kind.LISTS,
            f"{_PAGES} DryRun",
            narrows="VpcId+ VpcName VpcOwnerId:OwnerId ResourceGroupId IsDefault DhcpOptionsSetId"
            " EnableIpv6:EnabledIpv6 Tag",
        ),
    ),
    "DescribeVpcAttribute": Action(
        routers.describe_vpc_attribute, Description(Kind.SHOWS, "VpcId DryRun", refuses="IsDefault")
    ),
    "CreateVirtualBorderRouter": Action(
        routers.create_virtual_border_router,
        Description(Kind.CHANGES, f"{_VBR} PhysicalConnectionId ResourceGroupId Tags", refuses="VbrOwnerId"),
    ),
    "ModifyVirtualBorderRouterAttribute": Action(
        routers.modify_virtual_border_router_attribute,
        Description(
            Kind.CHANGES,
            f"VbrId {' '.join(routers.CHANGED_FIELDS)} Name Description",
            refuses="AssociatedPhysicalConnections",
        ),
    ),
    "TerminateVirtualBorderRouter": Action(routers.terminate_virtual_border_router, Description(Kind.CHANGES, "VbrId")),
    "RecoverVirtualBorderRouter": Action(routers.recover_virtual_border_router, Description(Kind.CHANGES, "VbrId")),
    "DeleteVirtualBorderRouter": Action(
        routers.delete_virtual_border_router, Description(Kind.CHANGES, "VbrId"), (ErrorKind.NO_VBR,)
    ),
    "DescribeVirtualBorderRouters": Action(
        routers.describe_virtual_border_routers,
        Description(
            Kind.LISTS,
            _PAGES,
            narrows="ResourceGroupId Tags",
            keys="VbrId Status Name PhysicalConnectionId AccessPointId VlanId RouteTableId",
            ignores="IncludeCrossAccountVbr",
        ),
    ),
    "CreateRouteEntry": Action(
        routes.create_route_entry,
        Description(
            Kind.CHANGES,
            "RouteTableId DestinationCidrBlock NextHopType NextHopId RouteEntryName Description DryRun",
            refuses="NextHopList",
        ),
    ),
    "DeleteRouteEntry": Action(
        routes.delete_route_entry,
        Description(
            Kind.CHANGES, "RouteEntryId RouteTableId DestinationCidrBlock NextHopId DryRun", refuses="NextHopList"
        ),
        (ErrorKind.NO_ROUTE,),
    ),
    "ModifyRouteEntry": Action(
        routes.modify_route_entry,
        Description(
            Kind.CHANGES,
            "RouteEntryId RouteTableId DestinationCidrBlock RouteEntryName Description NewNextHopType NewNextHopId"
            " DryRun",
        ),
    ),
    "DescribeRouteTables": Action(
        routes.describe_route_tables,
        Description(
            Kind.LISTS,
            f"{_PAGES} Type",
            narrows="RouteTableId RouteTableName RouterId RouterType VRouterId VpcId ResourceGroupId",
        ),
    ),
    "DescribeRouteTableList": Action(
        routes.describe_route_table_list,
        Description(
            Kind.LISTS,
            _PAGES,
            narrows="RouteTableId RouteTableName RouteTableType RouterId RouterType VpcId ResourceGroupId Tag",
        ),
    ),
    "DescribeRouteEntryList": Action(
        routes.describe_route_entry_list,
        Description(
            Kind.LISTS,
            "RouteTableId NextToken MaxResult",
            narrows="DestinationCidrBlock DestCidrBlockList+:DestinationCidrBlock RouteEntryId RouteEntryName"
            " RouteEntryType:Type NextHopId:_NextHopId NextHopType:_NextHopType IpVersion ServiceType",
        ),
    ),
    "TagResources": Action(tagging.tag_resources, Description(Kind.CHANGES, f"{_TAGGED} Tag", versions=_BOTH)),
    "UnTagResources": Action(
        tagging.untag_resources, Description(Kind.CHANGES, f"{_TAGGED} TagKey All", versions=_BOTH)
    ),
    "UntagResources": Action(tagging.untag_resources, Description(Kind.CHANGES, f"{_TAGGED} TagKey All")),
    "ListTagResources": Action(
        tagging.list_tag_resources,
        Description(Kind.LISTS, f"{_TAGGED} Tag NextToken MaxResults", refuses="Category", versions=_BOTH),
    ),
    "TagResourcesForExpressConnect": Action(tagging.tag_resources, Description(Kind.CHANGES, f"{_TAGGED} Tag")),
    "UntagResourcesForExpressConnect": Action(
        tagging.untag_resources, Description(Kind.CHANGES, f"{_TAGGED} TagKey All")
    ),
    "ListTagResourcesForExpressConnect": Action(
        tagging.list_tag_resources, Description(Kind.LISTS, f"{_TAGGED} Tag NextToken MaxResults")
    ),
    "ChangeResourceGroup": Action(
        tagging.change_resource_group, Description(Kind.CHANGES, f"{_TAGGED} NewResourceGroupId")
    ),
    "MoveResourceGroup": Action(
        tagging.change_resource_group, Description(Kind.CHANGES, f"{_TAGGED} NewResourceGroupId", versions=_BOTH)
    ),
    "DescribeRegions": Action(
        neighbours.describe_regions,
        Description(Kind.SHOWS, ignores="AcceptLanguage ProductType", versions="2016-04-28 2014-05-26"),
    ),
    "GetCallerIdentity": Action(neighbours.get_caller_identity, Description(Kind.SHOWS, versions="2015-04-01")),
    "CreateVpcPeerConnection": Action(
        peerings.create_vpc_peer_connection,
        Description(
            Kind.CHANGES,
            "VpcId AcceptingAliUid AcceptingRegionId AcceptingVpcId Bandwidth LinkType Name Description ResourceGroupId"
            " Tag DryRun",
            versions=_PEERING,
        ),
    ),
    "AcceptVpcPeerConnection": Action(
        peerings.accept_vpc_peer_connection,
        Description(Kind.CHANGES, "InstanceId ResourceGroupId Tag DryRun", versions=_PEERING),
        (ErrorKind.PEERING_STATUS,),
    ),
    "RejectVpcPeerConnection": Action(
        peerings.reject_vpc_peer_connection,
        Description(Kind.CHANGES, "InstanceId DryRun", versions=_PEERING),
        (ErrorKind.PEERING_STATUS,),
    ),
    "ModifyVpcPeerConnection": Action(
        peerings.modify_vpc_peer_connection,
        Description(Kind.CHANGES, "InstanceId Name Description Bandwidth LinkType DryRun", versions=_PEERING),
    ),
    "DeleteVpcPeerConnection": Action(
        peerings.delete_vpc_peer_connection,
        Description(Kind.CHANGES, "InstanceId Force DryRun", versions=_PEERING),
        (ErrorKind.NO_PEERING,),
    ),
    "GetVpcPeerConnectionAttribute": Action(
        peerings.get_vpc_peer_connection_attribute, Description(Kind.SHOWS, "InstanceId", versions=_PEERING)
    ),
    "ListVpcPeerConnections": Action(
        peerings.list_vpc_peer_connections,
        Description(
            Kind.LISTS,
            "NextToken MaxResults",
            narrows="InstanceId VpcId+:_Vpcs Name ResourceGroupId Tags",
            versions=_PEERING,
        ),
    ),
    "RefundInstance": Action(
        neighbours.refund_instance,
        Description(
            Kind.CHANGES, "InstanceId ProductCode", ignores="ProductType ImmediatelyRelease", versions="2017-12-14"
        ),
        (ErrorKind.NO_REFUND,),
    ),
}
"""Some have two names: the SDKs write them so, or newer SDKs do."""
