"""The page of refusals and reasons, from the values that the code uses."""

from __future__ import annotations

from acceptor import handshake as acceptor
from shared.protocol import refusals
from shared.protocol.messages import Reason
from shared.protocol.refusals import Refusal
from shared.runtime import command_handler
from shared.runtime.explain import REASONS


def refusals_page() -> str:
    """Every refusal, and every reason why a connection is not up, as a page."""
    places = (refusals, acceptor, command_handler)
    rows = sorted({value for module in places for value in vars(module).values() if isinstance(value, Refusal)})
    lines = ["# Refusals and reasons", "", "Generated from the code by `make docs`.", ""]
    lines += ["A refused command changes nothing. Exit code 1; with `--json` the code and the sentence.", ""]
    lines += ["| code | sentence |", "|---|---|", *(f"| `{one.code}` | {one.sentence} |" for one in rows), ""]
    lines += ["Why a connection is not up (`reason_code` of `show`), as told by the peer:", ""]
    lines += ["| code | sentence |", "|---|---|", *(f"| `{one}` | {REASONS[one]} |" for one in Reason), ""]
    return "\n".join(lines)
