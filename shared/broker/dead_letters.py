"""Dead letters: copies of deliveries that were set aside, with where they came from and why."""

from typing import Final

from shared.broker.messages import Delivery, OutgoingMessage
from shared.broker.names import DEAD_LETTER_KEY

BODY_LIMIT_BYTES: Final = 64 * 1024
REASON_LIMIT_CHARACTERS: Final = 500


def dead_letter(delivery: Delivery, reason: str) -> OutgoingMessage:
    """Copy a delivery: the first 64 KiB of its body, and what the broker proves of its sender."""
    headers = {
        "x-peering-reason": reason[:REASON_LIMIT_CHARACTERS],
        "x-peering-queue": delivery.queue,
        "x-peering-exchange": delivery.exchange,
        "x-peering-user": delivery.user_id or "",
        "x-peering-message": delivery.message_id or "",
        "x-peering-bytes": str(len(delivery.body)),
    }
    return OutgoingMessage(
        DEAD_LETTER_KEY,
        delivery.body[:BODY_LIMIT_BYTES],
        delivery.type or "",
        correlation_id=delivery.correlation_id,
        headers=headers,
    )
