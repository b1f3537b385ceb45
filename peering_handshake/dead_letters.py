"""The questions about the dead letters of a simulator: deliveries that its workers set aside."""

from __future__ import annotations

from peering_handshake.models import DeadLetterView
from peering_handshake.talking import Call, Talk, spoken


class DeadLetterTalks:
    """What can be asked about dead letters. Every method raises Refused with a stable code, or Unanswered."""

    @spoken
    def dead_letters(self, limit: int = 100) -> Talk[list[DeadLetterView]]:
        """Return the oldest deliveries that were set aside, at most `limit` (1 to 1000); they stay there."""
        return list((yield Call("GET", "/dead-letters", {"limit": limit}))["dead_letters"])

    @spoken
    def dead_letter(self, wanted: str) -> Talk[DeadLetterView]:
        """Return one of them by its id, with the beginning of its body. Raises Refused UnknownDeadLetter."""
        return (yield from _dead_letter("GET", wanted))

    @spoken
    def replay_dead_letter(self, wanted: str) -> Talk[DeadLetterView]:
        """Send one again to the endpoint that it was for, and return it; it is gone from the dead letters then.

        Raises Refused where its sender is not proven or its receiver would not take it (docs/dead-letters.md).
        """
        return (yield from _dead_letter("POST", wanted, "/replay"))

    @spoken
    def drop_dead_letter(self, wanted: str) -> Talk[int]:
        """Throw one away, with what is the same to the byte, and return how many went."""
        return int((yield Call("DELETE", f"/dead-letters/{wanted}")))

    @spoken
    def drop_dead_letters(self) -> Talk[int]:
        """Throw all of them away (10,000 at most), and return how many went."""
        return int((yield Call("DELETE", "/dead-letters")))


def _dead_letter(method: str, wanted: str, verb: str = "") -> Talk[DeadLetterView]:
    answer: DeadLetterView = yield Call(method, f"/dead-letters/{wanted}{verb}")
    return answer
