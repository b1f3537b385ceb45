"""Tests of how long a broker of our own may take to boot: the longer, the more queues it has to make."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.broker import embedded
from shared.broker.embedded import START_LIMIT_SECONDS, START_LIMIT_SECONDS_EACH, LoopbackBroker
from shared.broker.errors import BrokerNotStarted
from shared.broker.private_files import Ports


class Silent(LoopbackBroker):
    """A broker that is never ready."""

    def stop(self) -> None:
        """Nothing runs."""

    def boot(self) -> None:
        """Wait for it."""
        self._wait_for("RabbitMQ", lambda: False, lambda: False)


@pytest.mark.parametrize("queues", [0, 4_000])
def test_a_broker_with_many_queues_may_take_longer(
    queues: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions, limits = tmp_path / "definitions.json", []

    def wait_until(_: Callable[[], bool], limit_seconds: float) -> bool:
        limits.append(limit_seconds)
        return False

    monkeypatch.setattr(embedded, "wait_until", wait_until)
    definitions.write_text(json.dumps({"queues": [{}] * queues}), encoding="utf-8")
    with pytest.raises(BrokerNotStarted, match=r"^RabbitMQ did not answer in \d+ s"):
        Silent(Ports(1, 2, 3, 4), definitions).boot()
    assert limits == [START_LIMIT_SECONDS + queues * START_LIMIT_SECONDS_EACH]
