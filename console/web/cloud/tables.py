"""The tables of the cloud's API: specifications, regions, and its names for the statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.protocol.words import Status

NEGATIVE: Final = "Negative"
"""The specification of an accepting end: the initiating one pays for both."""

SPECS: Final[Mapping[str, int]] = {
    "Mini.2": 2,
    "Mini.5": 5,
    "Small.1": 10,
    "Small.2": 20,
    "Small.5": 50,
    "Middle.1": 100,
    "Middle.2": 200,
    **{f"Middle.{number}": 100 * number for number in range(3, 10)},
    "Large.1": 1000,
    **{f"Large.1.{number}": 1000 + 100 * number for number in range(1, 10)},
    "Large.2": 2048,
    "Large.2.5": 2500,
    "Large.3": 3000,
    "Large.3.5": 3500,
    "Large.4": 4000,
    "Large.4.5": 4500,
    "Large.5": 5000,
    "Xlarge.1": 10_000,
    "Xlarge.4": 40_000,
    "Xlarge.8": 80_000,
    "Xlarge.10": 100_000,
    NEGATIVE: 0,
}
"""Mbit/s, as the documentation says; of Large.2 a real answer was seen, which said 2048 and not 2000."""

REGIONS: Final = frozenset(
    {
        *("cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu", "cn-hangzhou", "cn-shanghai"),
        *("cn-nanjing", "cn-fuzhou", "cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu", "cn-hongkong"),
        *("cn-wuhan-lr", "cn-zhengzhou-jva", "ap-northeast-1", "ap-northeast-2", "ap-south-1"),
        *(f"ap-southeast-{number}" for number in range(1, 8)),
        *("us-east-1", "us-west-1", "na-south-1", "eu-west-1", "eu-central-1", "me-east-1", "me-central-1"),
    }
)
"""Regions of the cloud; those of the topology's endpoints count as well."""

SHOWN: Final[Mapping[str, str]] = {
    Status.IDLE: "Idle",
    Status.CONNECTING: "Connecting",
    Status.ACCEPTING: "AcceptingConnecting",
    Status.ACTIVATED: "Active",
    Status.SUSPENDING: "Deactivating",
    Status.SUSPENDED: "Inactive",
    Status.ACTIVATING: "Activating",
    Status.DELETING: "Deleting",
    Status.DELETED: "Deleted",
}
"""From the article's words to the API's."""

SETTLED: Final = frozenset(SHOWN[one] for one in Status if one.stable and one is not Status.DELETED)
"""The API's names of the statuses in which an end can be changed."""


def crosses_border(one: str, other: str) -> bool:
    """Whether a link between these regions leaves mainland China or enters it."""
    return _mainland(one) is not _mainland(other)


def _mainland(region: str) -> bool:
    return region.startswith("cn-") and region != "cn-hongkong"
