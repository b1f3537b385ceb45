"""Tests of the dead letters on the page: what is listed, and what its buttons do."""

from typing import Any

import httpx
import pytest

from tests.unit.dead_letter_queue import HEARTBEAT, DeadLetterQueue, aside, dead_letter_queue
from tests.unit.test_page import OURS, client, site, workers

__all__ = ["client", "site", "workers"]


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> DeadLetterQueue:
    """Three that lie there: one that would be taken now, one that is no bundle, one of Mallory's."""
    good, bad = aside(HEARTBEAT, "OSError while it was handled"), aside(b"{", "Invalid JSON: …")
    return dead_letter_queue(monkeypatch, [good, bad, aside(HEARTBEAT, "nothing", by="1003")])


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/page/dead-letters")).json()["dead_letters"]
    return found


async def said(client: httpx.AsyncClient, **asked: str) -> httpx.Response:
    return await client.post("/page/act", json=asked, headers=OURS)


async def test_one_is_replayed_one_thrown_away_and_then_all(client: httpx.AsyncClient, dead: DeadLetterQueue) -> None:
    good, bad, forged = await listed(client)
    assert [one["replay"] for one in (good, bad, forged)] == [None, "StillUnreadable", "NotItsReceiver"]
    assert (good["sender"], good["endpoint"], good["would_be"]) == (
        "1001",
        "vpc-b",
        "a bundle of vpc-a: a sign of life",
    )

    answer = await said(client, do="replay_dead_letter", dead_letter=bad["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "StillUnreadable")
    answer = await said(client, do="replay_dead_letter", dead_letter=good["id"])
    assert answer.json()["sentence"] == "Sent again to vpc-b from 1001: a bundle of vpc-a: a sign of life."
    ((sender, message),) = dead.said
    assert (sender, message.body) == ("1001", HEARTBEAT)

    answer = await said(client, do="drop_dead_letter", dead_letter=bad["id"])
    assert answer.json()["sentence"] == "1 thrown away."
    assert [one["id"] for one in await listed(client)] == [forged["id"]]
    assert (await said(client, do="drop_dead_letter", dead_letter=bad["id"])).json()["code"] == "UnknownDeadLetter"
    assert (await said(client, do="drop_dead_letters")).json()["sentence"] == "1 thrown away."
    assert await listed(client) == []


async def test_who_names_none_throws_none_away(client: httpx.AsyncClient, dead: DeadLetterQueue) -> None:
    for do in ("replay_dead_letter", "drop_dead_letter"):
        assert (await said(client, do=do)).status_code == 422
    stranger = await client.post(
        "/page/act", json={"do": "drop_dead_letters"}, headers={"Origin": "http://evil.example"}
    )
    assert stranger.status_code == 403
    assert len(dead.lying) == 3
