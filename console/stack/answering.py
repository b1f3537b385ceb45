"""The answers of a running `up` at its control socket: processes, restarts, copies of stores, queues for replies."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from console.client import ClientError
from console.stack.errors import StackError
from console.stack.reply_queues import add_reply_queues
from console.stack.restarting import restart
from console.stack.set_aside import back_up, put_back
from console.stack.stack import Stack
from shared.broker.errors import ControlPlaneError


async def answer_request(stack: Stack, request: dict[str, Any]) -> dict[str, Any]:
    """Do what another command asks through the control socket; a reply has `outcome`, and `code` and `sentence`."""
    try:
        match request:
            case {"do": "restart", "endpoint": str(endpoint), "restored": bool(restored)}:
                report = await restart(stack, endpoint, restored=restored)
                return {"outcome": "done", "endpoint": endpoint, "pid": report.pid, "restarts": report.restarts}
            case {"do": "backup", "endpoint": str(endpoint), "file": str(file)}:
                size = await back_up(stack, endpoint, Path(file))
                return {"outcome": "done", "endpoint": endpoint, "file": file, "bytes": size}
            case {"do": "restore", "endpoint": str(endpoint), "file": str(file)}:
                aside = await put_back(stack, endpoint, Path(file))
                return {"outcome": "done", "endpoint": endpoint, "file": file, "aside": str(aside)}
            case {"do": "more-reply-queues", "account": str(account), "present": int(present)}:
                await add_reply_queues(stack, account, present)
                return {"outcome": "done"}
            case {"do": "processes"}:
                return {
                    "outcome": "done",
                    "processes": [{**asdict(one), "sentence": one.sentence} for one in stack.reports],
                }
            case _:
                return {"outcome": "refused", "code": "NotUnderstood", "sentence": "That is no request."}
    except (StackError, ControlPlaneError) as error:
        return {"outcome": "refused", "code": type(error).__name__, "sentence": f"{error}."}
    except ClientError as error:
        return {"outcome": "failed", "code": error.code, "sentence": error.sentence}
