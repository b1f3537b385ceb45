"""The fields of `--json` as `--help` names them; a test compares them with the views.

They are plain text because the views take long to import, and help should not.
"""

from typing import Final

PEER: Final = "interface, endpoint, account, region, reachable, status"
INTERFACE: Final = (
    f"interface, name, endpoint, kind, account, region, role, status, peer {{{PEER}}}, holds, charged, reason, "
    "reason_code, unacknowledged, epoch, version"
)
TIMELINE_ROW: Final = "row, at, interface, was, status, cause, said"
PAYLOAD: Final = "row, at, number, body"
WORKER: Final = (
    "endpoint, kind, account, region, role, pid, store_id, timeline, statuses, counters, rejections, unread, blocked, "
    "store, store_bytes, disconnected, peers, histograms"
)
DEAD_LETTER: Final = (
    "id, at, sender, endpoint, proven, set_aside_by, code, reason, type, size_bytes, would_be, "
    "replay (null if it can be)"
)
FAULT: Final = "number, fault {as it was asked for}, sentence, since, struck, held, over, interface, wires"
HELD: Final = "number, fault, source, target, source_endpoint, target_endpoint, label, since"
WARM: Final = "address, kind (private or a container), folder, until (seconds since 1970)"

FAILURE: Final = "outcome (refused or failed), code, sentence"


def epilog(fields: str, example: str) -> str:
    """Write what `--help` ends with: the fields of `--json`, and an example."""
    return f"--json prints: {fields}. A refusal or failure: {FAILURE}.\n\nExample: {example}"
