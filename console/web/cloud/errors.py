"""The errors that the API answers: status, code and message of each, as the cloud writes them, misspellings included.

Source: the error codes in the public reference of the VPC API (2016-04-28), action by action. For what stands under
"not documented" nobody published a code; those names are guesses in the cloud's manner.
"""

from __future__ import annotations

from enum import Enum, unique


class ApiError(Exception):
    """An error that a call is answered with; nothing was changed."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take the HTTP status, the code that programs branch on, and the sentence beside it."""
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@unique
class ErrorKind(Enum):
    """The errors that are known beforehand, a row each: HTTP status, code, message."""

    def __init__(self, row: str) -> None:
        """Take a row apart."""
        status, self.code, self.message = row.split(" ", 2)
        self.status = int(status)

    def error(self, message: str | None = None) -> ApiError:
        """Make the exception; `message` replaces the kind's own where it names something."""
        return ApiError(self.status, self.code, message or self.message)

    # the gateway's

    NO_SUCH_ACTION = "404 InvalidAction.NotFound Specified api is not found, please check your url and method."
    UNKNOWN_KEY = "404 InvalidAccessKeyId.NotFound Specified access key is not found."
    INACTIVE_KEY = "400 InvalidAccessKeyId.Inactive Specified access key is disabled."
    BAD_TIME = "400 InvalidTimeStamp.Format Specified time stamp or date value is not well formatted."
    STALE_TIME = "400 InvalidTimeStamp.Expired Specified time stamp or date value is expired."
    USED_NONCE = "400 SignatureNonceUsed Specified signature nonce was used already."
    WRONG_SIGNATURE = (
        "400 SignatureDoesNotMatch Specified signature is not matched with our calculation. server string to sign is:"
    )
    BAD_METHOD = "400 InvalidSignatureMethod Specified signature method is not valid."
    INCOMPLETE = "400 IncompleteSignature The request signature does not conform to Alibaba Cloud standards."
    BROKEN_INSIDE = (
        "500 InternalError The request processing has failed due to some unknown error, exception or failure."
    )
    UNAVAILABLE = "503 ServiceUnavailable The request has failed due to a temporary failure of the server."

    DRY_RUN = "400 DryRunOperation Request validation has been passed with DryRun flag set."

    # router interfaces

    NO_REGION = "404 InvalidRegionId.NotFound The specified RegionId does not exist in our records."
    NO_INTERFACE = "404 InvalidRouterInterfaceId.NotFound The specified RouterInterfaceId does not exist in our record."
    NO_INTERFACE_TO_DELETE = "404 InvalidInstanceId.NotFound The specified InstanceId does not exist in our record."
    NO_INTERFACE_TO_MODIFY = (
        "404 InvalidRouterInterfaceId.NotFound The specified RouterInterfaceId does not exist in our records."
    )
    BAD_ROLE = "400 InvalidRole.ValueNotSupported The specified Role is not valid."
    BAD_SPEC = "400 InvalidSpec.ValudNotSupported The specified Spec is not supported."
    BAD_NAME = "400 InvalidName.Malformed The attribute name is illegal."
    BAD_DESCRIPTION = "400 InvalidDescription.Malformed The Description is illegal."
    BAD_OPPOSITE_TYPE = "400 InvalidOppositeRouterType.ValueNotSupported The specified OppositeRouterType is not valid."
    BAD_LINK_ROLE = "400 LinkRole.NotSupport This linkrole is not supported"
    BAD_ACCOUNT = "400 InvalidAliuid Invalid Aliuid."
    NO_PRICE = "400 InvalidPrice.NotFound Pricing plan result not found."
    STATUS_TO_MODIFY = (
        "400 IncorrectStatus "
        "RouterInterface can be operated by this action only when the status is Active,idle or inactive."
    )
    LOCKED = "400 Forbidden.FinancialLocked This RouterInterface is financiel locked because of bills outstanding."
    BILLS = "400 Forbidden.BillsOutstanding You cannot use this action because you have bills outstanding."
    ROUTER_OWNER = "400 Forbbiden The Router instance owner error"
    BAD_MODIFY = "400 InvalidParam.ModifyRouterInterface Modify routerinterface param invalid"
    PROBE_CONFLICT = (
        "400 InvalidParam.ModifyRouterInterface healthCheck Ip is conflicted with DeleteHealthCheckIp option"
    )
    BAD_PROBE = "400 InvalidHealthCheckIP.Malformd Healthcheck sourceip or targetip is not valid."
    BAD_PROBE_SOURCE = "400 IllegalParam.HcSourceIp The specified healthCheck Ip is not valid."
    BAD_THRESHOLD = "400 IllegalParam.HcThreshold The specified HcThreshold is not valid."
    BAD_RATE = "400 IllegalParam.HcRate The specified HcRate is not valid."
    OPPOSITE_IS_VBR = "400 Forbbiden.ModifyIdAndType Opposite is VBR, cannot modify the ID and type"
    IN_PROCESS = "400 INSTANCE_IN_PROCESSIONG Instance is in processing,please wait and try again"
    NOT_INITIATING = "400 IncorrectRole.NotInitiatingSide The specified RouterInterface is not InitiatingSide."
    STATUS_TO_CONNECT = (
        "400 IncorrectRIStatus RouterInterface can be operated by this action only when it's status is Idle."
    )
    OPPOSITE_NOT_SET = (
        "400 IncorrectOppositeInterfaceInfo.NotSet "
        "OppositeInterfaceId/OppositeRouterId/OppositeRouterType/OppositeInterfaceOwnerId must be all set."
    )
    SAME_ROUTER = "400 IncorrectOppositeInterfaceInfo Cannot connect on the same router"
    CONNECTED_ALREADY = "400 Forbidden.OnlyOneConnection The Specified routers have a connection already"
    CONNECTING_ALREADY = "400 Forbidden.OnlyOneConnection Cannot connect concurrently between same routers"
    STATUS_TO_DEACTIVATE = (
        "400 IncorrectStatus RouterInterface can be operated by this action only when it's status is Active."
    )
    STATUS_TO_ACTIVATE = (
        "400 IncorrectRIStatus RouterInterface can be operated by this action only when it's status is Inactive."
    )
    OPPOSITE_DELETED = "400 OppositeRouterInterfaceIsDeleted The opposite RouterInterface is deleted."
    STATUS_TO_DELETE = (
        "400 IncorrectStatus "
        "This openeration would be allowed only when status of this RouterInterface is Idle/Inactive."
    )
    STATUS_TO_DELETE_BOTH = (
        "400 IncorrectStatus.RouterInterface "
        "This openeration would not be allowed because the status of this RouterInterface is not correct."
    )
    HAS_ROUTES = (
        "400 DependencyViolation.RouterInterfaceReferedByRouteEntry "
        "RouterInterface cannot be deleted when it is refered by a route table entry as next hop."
    )
    PREPAID = "500 InvalidRouterInterfaceChargeType.Malformed The prepaid routerinterface can not delete."
    STATUS_TO_RESIZE = "400 InvalidInstance.StatusError The router instance owener error."
    NO_OPPOSITE = "400 InvalidOpposite.NotFound The opposite not exit."
    NO_PARAMETER = "400 InvalidParam.NotNull The parameter must not be null."
    BAD_PAGE = "404 InvalidRegionId.NotFound The parameter wrong, pageNum or pageSize."
    BAD_FILTER = "404 InvalidFilterKey.ValueNotSupported Specified filter key is not supported: Filter.{}.key"
    ROUTE_IN_TRANSITION = (
        "400 IncorrectStatus.RouterInterface "
        "The status of the specified router interface does not allow this operation."
    )

    # routes

    NO_TABLE = "404 InvalidRouteTableId.NotFound Specified route table does not exist."
    BAD_DESTINATION = "400 InvalidCidrBlock.Malformed Specified CIDR block is not valid."
    RESERVED_DESTINATION = "400 InvalidCidrBlock Specified CIDR block is not valid."
    ROUTE_EXISTS = "400 InvalidCIDRBlock.Duplicate Specified CIDR block is already exists."
    BORDER_ROUTE_EXISTS = "400 Duplicated.VpcNextHop Route entry nexthop duplicate."
    NO_NEXT_HOP = "400 InvalidNextHop.NotFound Specified next hop does not exist."
    BAD_NEXT_HOP_TYPE = '400 InvalidNextHopType Specified parameter "NextHopType" is not valid'
    BAD_ROUTE_NAME = "400 InvalidRouteEntryName.Malformed Specified RouteEntry name is not valid."
    TOO_MANY_ROUTES = "400 QuotaExceeded Route entry quota exceeded in this route table."
    BORDER_STATUS = "400 InvalidVBRStatus invalid virtual border router status."
    IDLE_TO_BORDER = (
        "400 OperationDenied.VbrIdle "
        "The operation is not allowed because the next hop of the added routing entry is a VBR type RI at the opposite"
        " end, which cannot be in an idle state."
    )

    # tags, as the cloud's other products document them

    BAD_TAG_KEY = "400 InvalidTagKey.Malformed The specified Tag.n.Key is not valid."
    BAD_TAG_VALUE = "400 InvalidTagValue.Malformed The specified Tag.n.Value is not valid."
    TAG_TWICE = "400 Duplicate.TagKey The Tag.N.Key contain duplicate key."
    TOO_MANY_TAGS = "400 NumberExceed.Tags The Tags parameter's number is exceed , Valid : 20"
    TOO_MANY_RESOURCES = "400 NumberExceed.ResourceIds The ResourceIds parameter's number is exceed , Valid : {}"
    TAGS_FULL = "400 OperationDenied.QuotaExceed The quota of tags on resource is beyond permitted range."

    # VPC peering connections

    NO_PEERING = "400 ResourceNotFound.InstanceId The specified resource of InstanceId is not found."
    PEERING_STATUS = "400 IncorrectStatus.VpcPeer The status of VpcPeer [{}] is incorrect."
    PEERING_EXISTS = "400 ResourceAlreadyExist.VpcPeer The specified resource of VpcPeer already exists."
    VPC_STATUS = "400 IncorrectStatus.Vpc The status of Vpc [{}] is incorrect."
    ACCEPTING_VPC_STATUS = "400 IncorrectStatus.AcceptingVpc The status of AcceptingVpc [{}] is incorrect."
    PEERING_HAS_ROUTES = (
        "400 OperationDenied.RouteEntryExist The operation is not allowed because the route entry exists in VpcPeer."
    )
    NO_PEERING_AS_HOP = "400 ResourceNotFound.VpcPeer The specified resource of VpcPeer is not found."

    # not documented

    NO_REFUND = "400 ResourceNotExists The specified instance does not exist, or is no subscription of this account."
    NOT_SUPPORTED = "400 InvalidParameter.NotSupported The simulator does not support the parameter {} of {}."
    BAD_NEXT = "400 InvalidNextToken.Malformed The specified NextToken or page size is not valid."
    NO_ROUTER = "404 InvalidRouterId.NotFound The specified RouterId does not exist in our records."
    FIVE_ALREADY = "400 QuotaExceeded.RouterInterface The router interfaces of this router reach the limit of 5."
    DIFFERENT_REQUEST = (
        "400 IdempotentParameterMismatch "
        "The request uses the same client token as a previous, but non-identical request."
    )
    NO_VPC = "404 InvalidVpcId.NotFound Specified VPC does not exist."
    BORDER_TERMINATED = "400 IncorrectStatus.VirtualBorderRouter The status of the VBR does not allow this operation."
    VPC_IN_USE = "400 DependencyViolation.RouterInterface The router still has router interfaces."
    BAD_RANGE = "400 InvalidCidrBlock.Malformed The specified CidrBlock is not valid."
    NO_MORE_ROUTERS = (
        "400 QuotaExceeded.Vpc "
        "This simulator starts no workers of its own here: its VPCs and VBRs are those of its topology."
    )
    NO_VBR = "404 InvalidVbrId.NotFound Specified VBR does not exist."
    NO_ROUTE = "404 InvalidRouteEntry.NotFound The specified route entry does not exist."
    BAD_RESOURCE_TYPE = "400 InvalidResourceType.NotFound The ResourceType is not supported."
    NO_RESOURCE = "404 InvalidResourceId.NotFound The specified resource does not exist."


def missing(parameter: str) -> ApiError:
    """Make the error for a parameter that has to be there."""
    return ApiError(400, f"Missing{parameter}", f"{parameter} is mandatory for this action.")


def malformed(parameter: str) -> ApiError:
    """Make the error for a parameter with an impossible value, where no other code is documented."""
    return ApiError(400, f"Invalid{parameter}.Malformed", f"The specified {parameter} is not valid.")
