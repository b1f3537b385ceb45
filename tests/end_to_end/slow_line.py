"""The slow line: passes frames between two network interfaces late, and drops some of them.

What `tc netem` does where the kernel knows it, packet by packet: TCP at both sides sees a far peer and has to send
again what was lost. A frame waits as long as the line is, and some more or less; none overtakes another.

    python -m tests.end_to_end.slow_line NEAR FAR DELAY_SECONDS JITTER_SECONDS LOSS

Until it is killed; once it passes frames it writes a line to standard output. A line to its standard input is answered
with how many it has passed and how many it has dropped.
"""

import random
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

_EVERY_PROTOCOL: Final = 0x0003
_LONGEST_FRAME_BYTES: Final = 65_536
_OWN: Final = socket.PACKET_OUTGOING


@dataclass
class Direction:
    """One direction of the line: where frames come from, where they go, and those that are on their way."""

    source: socket.socket
    target: socket.socket
    on_the_way: deque[tuple[float, bytes]] = field(default_factory=deque)
    due: float = 0.0
    passed: int = 0
    dropped: int = 0

    def take(self, delay_seconds: float, jitter_seconds: float, loss: float) -> None:
        """Take one frame in, or drop it; what this interface itself sends is none of ours."""
        frame, sender = self.source.recvfrom(_LONGEST_FRAME_BYTES)
        if sender[2] == _OWN:
            return
        if random.random() < loss:  # noqa: S311 - a coin, no secret
            self.dropped += 1
            return
        wait = delay_seconds + random.uniform(-jitter_seconds, jitter_seconds)  # noqa: S311
        self.due = max(self.due, time.monotonic() + wait)
        self.on_the_way.append((self.due, frame))

    def deliver(self) -> float | None:
        """Pass on what is due; return in how many seconds the next frame is, None without one."""
        while self.on_the_way:
            due, frame = self.on_the_way[0]
            left = due - time.monotonic()
            if left > 0:
                return left
            self.on_the_way.popleft()
            try:
                self.target.send(frame)
                self.passed += 1
            except OSError:  # the interface is down, or its queue is full: lost, as on any line
                self.dropped += 1
        return None


def _bound(interface: str) -> socket.socket:
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERY_PROTOCOL))
    listening.bind((interface, 0))
    return listening


def main(near: str, far: str, *numbers: str) -> None:
    """Pass frames for ever."""
    delay, jitter, loss = map(float, numbers)
    one, other = _bound(near), _bound(far)
    directions = Direction(one, other), Direction(other, one)
    with selectors.DefaultSelector() as waiting:
        for direction in directions:
            waiting.register(direction.source, selectors.EVENT_READ, direction)
        waiting.register(sys.stdin, selectors.EVENT_READ, None)
        print("passing", flush=True)  # noqa: T201 - who started it waits for that
        while True:
            waits = [wait for wait in (direction.deliver() for direction in directions) if wait is not None]
            for key, _ in waiting.select(min(waits, default=None)):
                if key.data is not None:
                    key.data.take(delay, jitter, loss)
                elif sys.stdin.readline():
                    passed, dropped = (sum(getattr(one, name) for one in directions) for name in ("passed", "dropped"))
                    print(passed, dropped, flush=True)  # noqa: T201 - the answer
                else:
                    return


if __name__ == "__main__":
    main(*sys.argv[1:])
