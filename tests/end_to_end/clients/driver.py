"""The program in which a Python client library runs, in an environment of its own: its pins are none of ours.

Reads a line of JSON for each call and writes one for each outcome. Run by the clients' Python, which has none of this
project's packages.
"""

import importlib
import json
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

PATIENCE_SECONDS = 60
"""A worker that starts on a machine with much company takes longer than clients wait by themselves (3 to 10 s)."""

Call = dict[str, Any]
Outcome = dict[str, Any]


def snake(action: str) -> str:
    """The name of an action's method: `DescribeVpcs` is `describe_vpcs`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", action).lower()


def new_sdk(
    address: str, key: str, secret: str, region: str, kind: tuple[str, str] = ("vpc20160428", "")
) -> Callable[[Call], Outcome]:
    """alibabacloud-vpc20160428, or another of that make; `kind` is its name, and a signature's algorithm or none."""
    library, algorithm = f"alibabacloud_{kind[0]}", kind[1]
    config = importlib.import_module("alibabacloud_tea_openapi.utils_models").Config(
        access_key_id=key,
        access_key_secret=secret,
        endpoint=address,
        protocol="http",
        region_id=region,
        read_timeout=1000 * PATIENCE_SECONDS,
        connect_timeout=1000 * PATIENCE_SECONDS,
    )
    if algorithm:
        config.signature_algorithm = algorithm
    models = importlib.import_module(f"{library}.models")
    client = importlib.import_module(f"{library}.client").Client(config)

    def call(asked: Call) -> Outcome:
        action = asked["action"]
        request = getattr(models, f"{action}Request")().from_map(asked["parameters"])
        try:
            answer = getattr(client, snake(action))(request)
        except Exception as error:  # noqa: BLE001 - whatever a client raises is the outcome
            return failure(error, getattr(error, "code", ""), getattr(error, "status_code", 0), str(error))
        return {"body": answer.body.to_map()}

    return call


def old_sdk(address: str, key: str, secret: str, region: str) -> Callable[[Call], Outcome]:
    """aliyun-python-sdk-vpc."""
    core = importlib.import_module("aliyunsdkcore.client")
    client = core.AcsClient(key, secret, region, timeout=PATIENCE_SECONDS, connect_timeout=PATIENCE_SECONDS)

    def call(asked: Call) -> Outcome:
        name = f"{asked['action']}Request"
        request = getattr(importlib.import_module(f"aliyunsdkvpc.request.v20160428.{name}"), name)()
        request.set_endpoint(address)
        for parameter, value in asked["parameters"].items():
            if parameter == "RegionId":
                request.add_query_param(parameter, value)
            else:
                plural = f"set_{parameter}s"
                getattr(request, plural if isinstance(value, list) else f"set_{parameter}")(value)
        try:
            return {"body": json.loads(client.do_action_with_exception(request))}
        except Exception as error:  # noqa: BLE001 - whatever a client raises is the outcome
            code = getattr(error, "error_code", "")
            return failure(error, code, getattr(error, "http_status", 0), getattr(error, "message", str(error)))

    return call


def failure(error: Exception, code: str, status: int, message: str) -> Outcome:
    """An error as the client raised it."""
    return {"error": {"kind": type(error).__name__, "code": code, "status": status, "message": message}}


CLIENTS: dict[str, Callable[..., Callable[[Call], Outcome]]] = {
    "new": new_sdk,
    "new-v2": partial(new_sdk, kind=("vpc20160428", "v2")),
    "peering": partial(new_sdk, kind=("vpcpeer20220101", "")),
    "old": old_sdk,
}


def main(which: str, *arguments: str) -> None:
    """Answer calls until there are none."""
    call = CLIENTS[which](*arguments)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(call(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
