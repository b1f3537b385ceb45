"""Tests of the page with many endpoints, in a real browser: chosen by account, and found by a search."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from console.web.page.parts import FEW
from tests.end_to_end.browser import LIMIT_SECONDS, NOT_YET, Column, emulate, reads
from tests.end_to_end.programs import Up, peering_up
from tests.waiting import wait_for_blocking

ACCOUNTS = [f"account-{number}" for number in range(11)]
ENDPOINTS = FEW + 5
"""The first endpoint is the first account's, the last one the last account's."""
FIRST, LAST = "vpc-0", f"vpc-{ENDPOINTS - 1}"
OWN = ENDPOINTS // len(ACCOUNTS)
UNANSWERED = """
const asked = performance.getEntriesByType("resource").filter((one) => one.name.includes("text=far"));
return ["/page/find", "/page/interfaces"].every((path) => asked.some((one) => one.name.includes(path)));
"""
FITS = "return document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """So many endpoints of accounts in turn; the first and the last may speak to each other."""
    folder = tmp_path_factory.mktemp("many")
    topology = {
        "accounts": [{"uid": uid} for uid in ACCOUNTS],
        "endpoints": [
            {
                "id": f"vpc-{number}",
                "kind": "vpc",
                "account": ACCOUNTS[number % len(ACCOUNTS)],
                "region": "cn-hangzhou",
                "role": "acceptor" if number % 2 else "initiator",
                "peers": [ACCOUNTS[0], ACCOUNTS[-1]],
            }
            for number in range(ENDPOINTS)
        ],
    }
    topology["endpoints"][-1]["role"] = "acceptor"  # type: ignore[index]
    file = folder / "topology.yaml"
    file.write_text(json.dumps(topology), encoding="utf-8")
    with peering_up(file, folder / "peering", PEERING_LISTEN="127.0.0.1:0") as up:
        connect(up)
        yield up


def connect(up: Up) -> None:
    """Have the first and the last endpoint activate a connection."""
    typed = up.terminal.done
    typed("create", "--endpoint", FIRST, "--id", "ri-near", "--name", "to the branch")
    typed("create", "--endpoint", LAST, "--id", "ri-far", "--name", "Far Office")
    for interface, peer in (("ri-near", f"ri-far@{LAST}"), ("ri-far", f"ri-near@{FIRST}")):
        typed("configure", interface, "--peer", peer)
    typed("initiate", "ri-near")
    up.terminal.both_show("Activated", "ri-near", "ri-far")


def places(column: Column) -> list[str]:
    """The rows of an open chooser, each in one line."""
    return [" ".join(one.text.split()) for one in column.find(".places").find_elements(By.TAG_NAME, "li")]


def offers(column: Column, *rows: str) -> None:
    """Wait until the chooser offers these rows and no other."""
    wait_for_blocking(lambda: places(column), LIMIT_SECONDS, until=lambda seen: seen == list(rows), forgive=NOT_YET)


def test_an_endpoint_is_chosen_by_its_account_in_an_order_that_people_expect(many: Up, driver: Chrome) -> None:
    driver.get(f"{many.page}#by-hand")
    left = Column(driver, "left")
    left.reads(".chooser summary", f"{FIRST} · one of {ENDPOINTS}")
    assert not left.find(".endpoint").is_displayed()
    left.press(".chooser summary")
    holds = {ACCOUNTS[0]: 1, ACCOUNTS[-1]: 1}
    offers(left, *(f"{uid} {OWN} endpoints, {counted(holds.get(uid, 0))}" for uid in ACCOUNTS))
    left.press(f'.places [data-id="{ACCOUNTS[-1]}"]')
    own = range(len(ACCOUNTS) - 1, ENDPOINTS, len(ACCOUNTS))
    roles = ["acceptor" if number % 2 or number == own[-1] else "initiator" for number in own]
    lines = [
        f"vpc-{number} {role} · {counted(int(number == own[-1]))}" for number, role in zip(own, roles, strict=True)
    ]
    offers(left, f"\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK} {ACCOUNTS[-1]} all accounts", *lines)
    left.press(f'.places [data-id="{LAST}"]')
    left.reads(".owner", ACCOUNTS[-1])
    left.reads(".own", "ri-far")
    left.reads(".chooser summary", f"{LAST} · one of {ENDPOINTS}")
    left.reads(".end > .worker", "acceptor · cn-hangzhou · process")
    assert not left.find(".places").is_displayed(), "what was chosen is covered by the list"


def counted(interfaces: int) -> str:
    return f"{interfaces} interface" + "s" * (interfaces != 1)


def searching(driver: Chrome, text: str) -> Column:
    """The right column, with a text in its search; at the left is the same page's other end."""
    left, right = Column(driver, "left"), Column(driver, "right")
    left.reads(".chooser summary", "one of")
    right.reads(".chooser summary", "one of")
    right.find(".find").send_keys(text)
    return right


def finds(column: Column, found: set[str]) -> None:
    """Wait until the search has found this at other endpoints, and nothing else."""

    def rows() -> set[str]:
        return {str(one.get_attribute("data-id")) for one in column.find(".found").find_elements(By.TAG_NAME, "button")}

    wait_for_blocking(rows, LIMIT_SECONDS, until=lambda seen: seen == found, forgive=NOT_YET)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("RI-FA", {f"ri-far@{LAST}", f"ri-near@{FIRST}"}),
        ("far office", {f"ri-far@{LAST}"}),
        (LAST, {LAST, f"ri-near@{FIRST}"}),
        ("activated", {f"ri-far@{LAST}", f"ri-near@{FIRST}"}),
        (
            ACCOUNTS[-1],
            {f"ri-near@{FIRST}", *(f"vpc-{number}" for number in range(len(ACCOUNTS) - 1, ENDPOINTS, len(ACCOUNTS)))},
        ),
    ],
    ids=[
        "id, and whose peer it is",
        "name",
        "endpoint, and whose peer is there",
        "status",
        "account, and whose peer is of it",
    ],
)
def test_a_search_finds_what_is_at_any_endpoint(many: Up, driver: Chrome, text: str, found: set[str]) -> None:
    driver.get(f"{many.page}#left=@vpc-2&right=@vpc-3")
    right = searching(driver, text)
    finds(right, found)
    goes = min(found)
    right.press(f'.found [data-id="{goes}"]')
    name, _, endpoint = goes.rpartition("@")
    right.reads(".chooser summary", f"{endpoint} · one of {ENDPOINTS}")
    if name:
        right.reads(".of", name)
    emulate(driver, 390, 844, dark=False)
    wait_for_blocking(lambda: driver.execute_script(FITS), LIMIT_SECONDS, what="it fits into a phone")


def test_a_search_goes_on_when_who_was_silent_answers(many: Up, driver: Chrome) -> None:
    """On a busy machine a worker is late once, and what it has was never found."""
    driver.get(f"{many.page}#left=@vpc-2&right=@vpc-3")
    stopped = many.pid(LAST)
    os.kill(stopped, signal.SIGSTOP)
    try:
        right = searching(driver, "far office")
        right.reads(".elsewhere", "1 silent, and not searched")
    finally:
        os.kill(stopped, signal.SIGCONT)
    finds(right, {f"ri-far@{LAST}"})
    right.reads(".own", "none")
    assert "silent" not in right.text(".elsewhere")


def test_a_question_that_had_no_answer_is_asked_again(many: Up, driver: Chrome) -> None:
    driver.get(f"{many.page}#left=@vpc-2&right=@{FIRST}")
    Column(driver, "right").reads(".own", "ri-near")
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/page/find*", "*/page/interfaces*"]})
    try:
        right = searching(driver, "far")
        wait_for_blocking(lambda: driver.execute_script(UNANSWERED), LIMIT_SECONDS, what="both were asked in vain")
    finally:
        driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    finds(right, {f"ri-far@{LAST}"})
    right.reads(".own", "ri-near")


def test_an_open_choice_tells_who_falls_silent(many: Up, driver: Chrome) -> None:
    driver.get(f"{many.page}#by-hand")
    left = Column(driver, "left")
    left.reads(".chooser summary", "one of")
    left.press(".chooser summary")
    left.press('.places [data-id="account-5"]')
    left.reads(".places", "vpc-5\nacceptor · 0 interfaces")
    stopped = many.pid("vpc-5")
    os.kill(stopped, signal.SIGSTOP)
    try:
        left.reads(".places", "vpc-5\nacceptor · silent")
    finally:
        os.kill(stopped, signal.SIGCONT)
    left.reads(".places", "vpc-5\nacceptor · 0 interfaces")


def test_who_is_silent_is_told_apart_and_keeps_nobody_from_choosing(many: Up, driver: Chrome) -> None:
    stopped = many.pid("vpc-5")
    os.kill(stopped, signal.SIGSTOP)
    try:
        driver.get(f"{many.page}#by-hand")
        left = Column(driver, "left")
        reads(driver, "#all", "1 silent: vpc-5")
        left.press(".chooser summary")
        left.reads(".places", f"{OWN} endpoints, 1 silent, 0 interfaces")
        left.press('.places [data-id="account-5"]')
        left.reads(".places", "acceptor · silent")
        left.press(f'.places [data-id="vpc-{5 + len(ACCOUNTS)}"]')
        left.reads(".end > .worker", "initiator · cn-hangzhou · process")
        left.find(".find").send_keys("ri-near")
        left.reads(".elsewhere", "1 silent, and not searched")
    finally:
        os.kill(stopped, signal.SIGCONT)


def test_the_lists_are_short_whatever_is_asked(many: Up) -> None:
    def asked(path: str, **fields: str) -> dict[str, list[object]]:
        answer = httpx.get(f"{many.url}{path}", params=fields, headers=many.bearer, timeout=LIMIT_SECONDS)
        found: dict[str, list[object]] = answer.raise_for_status().json()
        return found

    assert asked("/page/endpoints", account="nobody")["endpoints"] == []
    assert len(asked("/page/find", text="vpc", but=FIRST)["endpoints"]) < ENDPOINTS - 1
