"""The actions of other products of the cloud that programs call on their way: regions, who calls, and refunds."""

from __future__ import annotations

from console.web.cloud.actions.deleting import check_routes, delete_end
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind
from console.web.cloud.records import RouterInterface
from console.web.cloud.tables import REGIONS


async def describe_regions(call: Call) -> Body:
    """Answer `DescribeRegions` of ECS and VPC: every region that a call may name."""
    regions = sorted(REGIONS | {one.region for one in call.cloud.site.context.endpoints if one.region})
    listed = [
        {"RegionId": one, "LocalName": one, "RegionEndpoint": f"vpc.{one}.aliyuncs.com", "Status": "available"}
        for one in regions
    ]
    return {"Regions": {"Region": listed}}


async def get_caller_identity(call: Call) -> Body:
    """Answer `GetCallerIdentity` of STS: the account that signed."""
    uid = call.account
    about = {"AccountId": uid, "PrincipalId": uid, "UserId": uid}
    return {"IdentityType": "Account", "Arn": f"acs:ram::{uid}:root", **about}


async def refund_instance(call: Call) -> Body:
    """Answer `RefundInstance` of BssOpenApi: a subscription ends, and its interface is deleted."""
    given = call.parameters
    if given.need("ProductCode") != "ri":
        raise ErrorKind.NO_REFUND.error()
    record = call.cloud.store.get(RouterInterface, given.need("InstanceId"))
    if record is None or record.account != call.account or record.charge != "PrePaid":
        raise ErrorKind.NO_REFUND.error()
    end = await call.cloud.interfaces.settled(call.account, record.region, record.id)
    if end is None:
        raise ErrorKind.NO_REFUND.error()
    if end.status not in {"Idle", "Inactive", "Deleting"}:
        raise ErrorKind.STATUS_TO_DELETE.error()
    check_routes(call, end)
    await delete_end(call, end, ErrorKind.STATUS_TO_DELETE)
    order = record.id.removeprefix("ri-")
    return {"Code": "Success", "Message": "Successful!", "Success": True, "Data": {"OrderId": order}}
