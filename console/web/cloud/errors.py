"""Programs branch on codes, so each is written once and as the cloud writes it, misspellings included.

Source: the reference on the router-interface API, sections 2 and 2.12. Those under "not documented" stand where the
reference found no code; their names are guesses in the cloud's manner.
"""

from __future__ import annotations

from typing import Final, NamedTuple

BAD: Final = 400
FORBIDDEN: Final = 403
MISSING: Final = 404
BROKEN: Final = 500
AWAY: Final = 503


class Kind(NamedTuple):
    """An error that the API can answer."""

    status: int
    code: str
    message: str


class Fault(Exception):
    """An error to be answered; nothing was changed."""

    def __init__(self, kind: Kind, message: str | None = None) -> None:
        """`message` replaces the kind's own where it names something."""
        super().__init__(kind.code)
        self.status, self.code, self.message = kind.status, kind.code, message or kind.message


# ------------------------------------------------------------------------------------- the gateway's

NO_SUCH_ACTION: Final = Kind(
    MISSING, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."
)
UNKNOWN_KEY: Final = Kind(MISSING, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
INACTIVE_KEY: Final = Kind(BAD, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
BAD_TIME: Final = Kind(BAD, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
STALE_TIME: Final = Kind(BAD, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
USED_NONCE: Final = Kind(BAD, "SignatureNonceUsed", "Specified signature nonce was used already.")
WRONG_SIGNATURE: Final = Kind(
    BAD, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation. server string to sign is:"
)
BAD_METHOD: Final = Kind(BAD, "InvalidSignatureMethod", "Specified signature method is not valid.")
INCOMPLETE: Final = Kind(
    BAD, "IncompleteSignature", "The request signature does not conform to Alibaba Cloud standards."
)
BROKEN_INSIDE: Final = Kind(
    BROKEN, "InternalError", "The request processing has failed due to some unknown error, exception or failure."
)
UNAVAILABLE: Final = Kind(
    AWAY, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."
)


def missing(parameter: str) -> Fault:
    """A parameter that has to be there."""
    return Fault(Kind(BAD, f"Missing{parameter}", f"{parameter} is mandatory for this action."))


def malformed(parameter: str) -> Fault:
    """A parameter that cannot be what was written; the cloud's name for it where no other is documented."""
    return Fault(Kind(BAD, f"Invalid{parameter}.Malformed", f"The specified {parameter} is not valid."))


# ------------------------------------------------------------------------------------ router interfaces

NO_REGION: Final = Kind(MISSING, "InvalidRegionId.NotFound", "The specified RegionId does not exist in our records.")
NO_INTERFACE: Final = Kind(
    MISSING,
    "InvalidRouterInterfaceId.NotFound",
    "The specified RouterInterfaceId does not exist in our record.",
)
NO_INTERFACE_TO_DELETE: Final = Kind(
    MISSING, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist in our record."
)
NO_INTERFACE_TO_MODIFY: Final = Kind(
    MISSING,
    "InvalidRouterInterfaceId.NotFound",
    "The specified RouterInterfaceId does not exist in our records.",
)
BAD_ROLE: Final = Kind(BAD, "InvalidRole.ValueNotSupported", "The specified Role is not valid.")
BAD_SPEC: Final = Kind(BAD, "InvalidSpec.ValudNotSupported", "The specified Spec is not supported.")
BAD_NAME: Final = Kind(BAD, "InvalidName.Malformed", "The attribute name is illegal.")
BAD_DESCRIPTION: Final = Kind(BAD, "InvalidDescription.Malformed", "The Description is illegal.")
BAD_OPPOSITE_TYPE: Final = Kind(
    BAD, "InvalidOppositeRouterType.ValueNotSupported", "The specified OppositeRouterType is not valid."
)
BAD_LINK_ROLE: Final = Kind(BAD, "LinkRole.NotSupport", "This linkrole is not supported")
BAD_ACCOUNT: Final = Kind(BAD, "InvalidAliuid", "Invalid Aliuid.")
NO_PRICE: Final = Kind(BAD, "InvalidPrice.NotFound", "Pricing plan result not found.")
STATUS_TO_MODIFY: Final = Kind(
    BAD,
    "IncorrectStatus",
    "RouterInterface can be operated by this action only when the status is Active,idle or inactive.",
)
LOCKED: Final = Kind(
    BAD, "Forbidden.FinancialLocked", "This RouterInterface is financiel locked because of bills outstanding."
)
BILLS: Final = Kind(BAD, "Forbidden.BillsOutstanding", "You cannot use this action because you have bills outstanding.")
ROUTER_OWNER: Final = Kind(BAD, "Forbbiden", "The Router instance owner error")
BAD_MODIFY: Final = Kind(BAD, "InvalidParam.ModifyRouterInterface", "Modify routerinterface param invalid")
PROBE_CONFLICT: Final = Kind(
    BAD,
    "InvalidParam.ModifyRouterInterface",
    "healthCheck Ip is conflicted with DeleteHealthCheckIp option",
)
BAD_PROBE: Final = Kind(BAD, "InvalidHealthCheckIP.Malformd", "Healthcheck sourceip or targetip is not valid.")
BAD_PROBE_SOURCE: Final = Kind(BAD, "IllegalParam.HcSourceIp", "The specified healthCheck Ip is not valid.")
BAD_THRESHOLD: Final = Kind(BAD, "IllegalParam.HcThreshold", "The specified HcThreshold is not valid.")
BAD_RATE: Final = Kind(BAD, "IllegalParam.HcRate", "The specified HcRate is not valid.")
OPPOSITE_IS_VBR: Final = Kind(BAD, "Forbbiden.ModifyIdAndType", "Opposite is VBR, cannot modify the ID and type")
IN_PROCESS: Final = Kind(BAD, "INSTANCE_IN_PROCESSIONG", "Instance is in processing,please wait and try again")
NOT_INITIATING: Final = Kind(
    BAD, "IncorrectRole.NotInitiatingSide", "The specified RouterInterface is not InitiatingSide."
)
STATUS_TO_CONNECT: Final = Kind(
    BAD, "IncorrectRIStatus", "RouterInterface can be operated by this action only when it's status is Idle."
)
OPPOSITE_NOT_SET: Final = Kind(
    BAD,
    "IncorrectOppositeInterfaceInfo.NotSet",
    "OppositeInterfaceId/OppositeRouterId/OppositeRouterType/OppositeInterfaceOwnerId must be all set.",
)
SAME_ROUTER: Final = Kind(BAD, "IncorrectOppositeInterfaceInfo", "Cannot connect on the same router")
CONNECTED_ALREADY: Final = Kind(BAD, "Forbidden.OnlyOneConnection", "The Specified routers have a connection already")
CONNECTING_ALREADY: Final = Kind(BAD, "Forbidden.OnlyOneConnection", "Cannot connect concurrently between same routers")
STATUS_TO_DEACTIVATE: Final = Kind(
    BAD, "IncorrectStatus", "RouterInterface can be operated by this action only when it's status is Active."
)
STATUS_TO_ACTIVATE: Final = Kind(
    BAD, "IncorrectRIStatus", "RouterInterface can be operated by this action only when it's status is Inactive."
)
OPPOSITE_DELETED: Final = Kind(BAD, "OppositeRouterInterfaceIsDeleted", "The opposite RouterInterface is deleted.")
STATUS_TO_DELETE: Final = Kind(
    BAD,
    "IncorrectStatus",
    "This openeration would be allowed only when status of this RouterInterface is Idle/Inactive.",
)
STATUS_TO_DELETE_BOTH: Final = Kind(
    BAD,
    "IncorrectStatus.RouterInterface",
    "This openeration would not be allowed because the status of this RouterInterface is not correct.",
)
HAS_ROUTES: Final = Kind(
    BAD,
    "DependencyViolation.RouterInterfaceReferedByRouteEntry",
    "RouterInterface cannot be deleted when it is refered by a route table entry as next hop.",
)
PREPAID: Final = Kind(
    BROKEN, "InvalidRouterInterfaceChargeType.Malformed", "The prepaid routerinterface can not delete."
)
STATUS_TO_RESIZE: Final = Kind(BAD, "InvalidInstance.StatusError", "The router instance owener error.")
NO_OPPOSITE: Final = Kind(BAD, "InvalidOpposite.NotFound", "The opposite not exit.")
NO_PARAMETER: Final = Kind(BAD, "InvalidParam.NotNull", "The parameter must not be null.")
BAD_PAGE: Final = Kind(MISSING, "InvalidRegionId.NotFound", "The parameter wrong, pageNum or pageSize.")
BAD_FILTER: Final = Kind(
    MISSING, "InvalidFilterKey.ValueNotSupported", "Specified filter key is not supported: Filter.{}.key"
)
ROUTE_IN_TRANSITION: Final = Kind(
    BAD,
    "IncorrectStatus.RouterInterface",
    "The status of the specified router interface does not allow this operation.",
)

# -------------------------------------------------------------------------------------- not documented

NO_ROUTER: Final = Kind(MISSING, "InvalidRouterId.NotFound", "The specified RouterId does not exist in our records.")
FIVE_ALREADY: Final = Kind(
    BAD, "QuotaExceeded.RouterInterface", "The router interfaces of this router reach the limit of 5."
)
TOKEN_REUSED: Final = Kind(
    BAD,
    "IdempotentParameterMismatch",
    "The request uses the same client token as a previous, but non-identical request.",
)
NO_VPC: Final = Kind(MISSING, "InvalidVpcId.NotFound", "Specified VPC does not exist.")
VPC_IN_USE: Final = Kind(BAD, "DependencyViolation.RouterInterface", "The router still has router interfaces.")
BAD_RANGE: Final = Kind(BAD, "InvalidCidrBlock.Malformed", "The specified CidrBlock is not valid.")
NO_MORE_ROUTERS: Final = Kind(
    BAD,
    "QuotaExceeded.Vpc",
    "This simulator starts no workers of its own here: its VPCs and VBRs are those of its topology.",
)
NO_VBR: Final = Kind(MISSING, "InvalidVbrId.NotFound", "Specified VBR does not exist.")
NO_TABLE: Final = Kind(MISSING, "InvalidRouteTableId.NotFound", "The specified RouteTableId does not exist.")
NO_ROUTE: Final = Kind(MISSING, "InvalidRouteEntry.NotFound", "The specified route entry does not exist.")
ROUTE_EXISTS: Final = Kind(
    BAD, "InvalidCidrBlock.Duplicate", "Specified CIDR block is already exists in the route table."
)
NO_NEXT_HOP: Final = Kind(MISSING, "InvalidNextHop.NotFound", "The specified next hop does not exist.")
BAD_RESOURCE_TYPE: Final = Kind(BAD, "InvalidResourceType.NotFound", "The ResourceType is not supported.")
NO_RESOURCE: Final = Kind(MISSING, "InvalidResourceId.NotFound", "The specified resource does not exist.")
TOO_MANY_TAGS: Final = Kind(BAD, "TagLimitExceeded", "A resource holds at most 20 tags.")
