"""Tests of the page in a real browser: the cross-account story by clicking, every refusal, and what breaks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.end_to_end.browser import LIMIT_SECONDS, NOT_YET, Column, emulate
from tests.end_to_end.programs import PEERING, REPOSITORY, Up, read_until, surroundings
from tests.waiting import wait_for_blocking

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"
ALL_ANSWER = {"vpc-alice": 1.0, "vpc-bob": 1.0}
FITS = "return document.documentElement.scrollWidth <= innerWidth"
NASTY = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


def columns(driver: Chrome) -> tuple[Column, Column]:
    return Column(driver, "left"), Column(driver, "right")


def arrows(driver: Chrome, kind: str, words: str) -> int:
    """How many arrows of a kind say this."""
    texts = f"return [...document.querySelectorAll('#drawing .told.{kind} .words')].map((one) => one.textContent)"
    return sum(words in str(text) for text in driver.execute_script(texts))


def wait_for_arrows(driver: Chrome, kind: str, words: str, at_least: int = 1) -> None:
    wait_for_blocking(
        lambda: arrows(driver, kind, words),
        LIMIT_SECONDS,
        until=lambda count: count >= at_least,
        what=f"{at_least} arrows {kind}: {words}",
    )


def test_the_cross_account_story_is_told_by_clicking_through_it(up: Up, driver: Chrome) -> None:
    driver.get(f"{up.page}#by-hand")
    alice, bob = columns(driver)
    alice.reads(".owner", "alice")
    bob.reads(".owner", "bob")
    alice.create("ri-alice", NASTY)
    bob.create("ri-bob")
    alice.ask("initiate", "refused (PeerNotConfigured)")
    alice.configure("ri-bob@vpc-bob")
    alice.ask("initiate", "ri-alice: Connecting")
    alice.shows("Connecting")
    wait_for_arrows(driver, "arrived", "Initiate 1.1")
    assert driver.find_elements(By.CSS_SELECTOR, "#drawing .disagree"), "Connecting and Idle do not go together"
    bob.ask("initiate", "refused (NotInitiator)")
    bob.configure("ri-alice@vpc-alice")
    for one in (alice, bob):
        one.shows("Activated")
    assert "both ends are Activated and name each other" in driver.find_element(By.ID, "sentence").text
    alice.send(NASTY, "Accepted as number 1")
    bob.reads(".inbox", NASTY)
    bob.ask("suspend", "ri-bob: Suspending")
    alice.shows("Suspended")
    alice.ask("resume", "refused (HeldByPeer)")
    alice.send("hello?", "refused (NotActivated)")
    bob.ask("resume", "ri-bob: Activating")
    alice.shows("Activated")
    wait_for_arrows(driver, "arrived", "Declare 1.2 suspended")
    assert up.terminal.done("show", "ri-alice")["link"] is True


def test_what_breaks_is_seen_and_heals(up: Up, driver: Chrome) -> None:
    establish(up, "ri-one", "ri-two")
    driver.get(f"{up.page}#left=ri-one@vpc-alice&right=ri-two@vpc-bob")
    alice, bob = columns(driver)
    alice.shows("Activated")
    bob.shows("Activated")
    alice.press(".wires button")
    alice.reads(".answer", "goes nowhere now")
    alice.send("into the void", "Accepted as number 1")
    wait_for_arrows(driver, "repeated", "Data 1", at_least=1)
    alice.press(".wires button[aria-pressed=true]")
    alice.reads(".answer", "passes again")
    bob.reads(".inbox", "into the void")
    wait_for_arrows(driver, "lost", "Data 1")
    before = bob.text(".worker")
    bob.press(".kill")
    bob.reads(".answer", "was killed (SIGKILL)")
    wait_for_blocking(lambda: bob.text(".worker"), LIMIT_SECONDS, until=lambda now: "process" in now and now != before)
    alice.send("are you there?", "Accepted as number 2")
    bob.reads(".inbox", "are you there?")


def test_interfaces_are_found_by_id_name_peer_or_status_and_deleted_ones_stay_out_of_sight(
    up: Up, driver: Chrome
) -> None:
    make_both(up, "ri-seek", "ri-sought")
    asked(up, {"endpoint": "vpc-alice", "interface": "ri-gone", "name": "seek no more", "do": "create"})
    asked(up, {"endpoint": "vpc-alice", "interface": "ri-gone", "do": "delete"})
    driver.get(f"{up.page}#by-hand")
    alice, bob = columns(driver)
    alice.reads(".own", "ri-seek")
    assert "ri-gone" not in alice.text(".own")

    def finds(text: str, *lines: str) -> None:
        alice.find(".find").clear()
        alice.find(".find").send_keys(text)
        wait_for_blocking(
            lambda: alice.text(".own").splitlines()[::2], LIMIT_SECONDS, until=lambda seen: seen == list(lines)
        )

    finds("sought", "ri-seek")
    finds("ri-see", "ri-seek")
    finds("deleted", "ri-gone · seek no more")
    finds("nothing like it", "none")
    finds("ri-sought", "ri-seek")
    alice.reads(".found", "ri-sought")
    alice.press(".found button")
    bob.reads(".of", "ri-sought")
    alice.press(".own button")
    alice.reads(".of", "ri-seek")


def test_it_can_be_used_by_keyboard_on_a_phone_and_in_the_dark(up: Up, driver: Chrome) -> None:
    establish(up, "ri-three", "ri-four")
    driver.get(f"{up.page}#left=ri-three@vpc-alice&right=ri-four@vpc-bob")
    alice, bob = columns(driver)
    alice.shows("Activated")
    wait_for_arrows(driver, "arrived", "Initiate 1.1")
    for width, dark in ((1400, False), (800, True), (390, False), (390, True)):
        emulate(driver, width, 844, dark=dark)
        wait_for_blocking(lambda: driver.execute_script(FITS), LIMIT_SECONDS, what=f"it fits into {width} pixels")
    background = "return getComputedStyle(document.body).backgroundColor"
    assert driver.execute_script(background) == "rgb(13, 16, 21)"
    driver.find_element(By.ID, "drawing").send_keys(Keys.ARROW_DOWN)
    caption = driver.find_element(By.ID, "caption")
    wait_for_blocking(
        lambda: caption.text, LIMIT_SECONDS, until=lambda text: "ri-three → ri-four: Initiate 1.1" in text
    )
    button = bob.find("[data-do=suspend]")
    driver.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.ENTER)
    alice.shows("Suspended")
    wait_for_blocking(lambda: unnamed(driver), LIMIT_SECONDS, until=lambda seen: seen == [], forgive=NOT_YET)


def unnamed(driver: Chrome) -> list[str | None]:
    """Whatever can be used and has no name to be read out."""
    controls = driver.find_elements(By.CSS_SELECTOR, "button, input, select, summary, [role=region]")
    assert controls
    return [one.get_attribute("outerHTML") for one in controls if one.is_displayed() and not one.accessible_name]


def test_a_page_whose_server_was_away_shows_what_happened_meanwhile(up: Up, driver: Chrome) -> None:
    establish(up, "ri-five", "ri-six")
    faults = up.terminal.done("fault", "list")["faults"]
    with served(up, "127.0.0.1:0") as url:
        driver.get(f"{url}/?token={up.token}#left=ri-five@vpc-alice&right=ri-six@vpc-bob")
        alice, bob = columns(driver)
        alice.shows("Activated")
        bob.shows("Activated")
        wait_for_blocking(
            lambda: driver.find_element(By.ID, "line").text, LIMIT_SECONDS, until=lambda text: text == "live"
        )
        assert not alice.find(".breaking").is_displayed(), "a server that started no worker can kill none"
    wait_for_blocking(lambda: driver.find_element(By.ID, "line").text, LIMIT_SECONDS, until=lambda text: "lost" in text)
    assert up.terminal.done("fault", "list")["faults"] == faults, "the console that runs on is still found"
    up.terminal.done("suspend", "ri-six")
    up.terminal.both_show("Suspended", "ri-five", "ri-six")
    with served(up, url.removeprefix("http://")):
        alice.shows("Suspended")
        bob.shows("Suspended")
        wait_for_arrows(driver, "arrived", "Declare 1.2 suspended")


def test_a_silent_worker_delays_page_and_metrics_once_and_is_shown_again_when_it_answers(up: Up) -> None:
    wait_for_blocking(lambda: scraped(up)[1], LIMIT_SECONDS, until=lambda found: found == ALL_ANSWER)
    stopped = int(overview(up)["vpc-bob"]["pid"])
    os.kill(stopped, signal.SIGSTOP)
    try:
        first, answers = scraped(up)
        assert answers == {**ALL_ANSWER, "vpc-bob": 0.0}
        later = [scraped(up) for _ in range(5)]
        assert [answers for _, answers in later] == [answers] * 5
        assert min(took for took, _ in later) < first, "it was waited for again each time"
        seen = wait_for_blocking(
            lambda: overview(up), LIMIT_SECONDS, until=lambda seen: seen["vpc-bob"]["answers"] is False
        )
        assert seen["vpc-alice"]["answers"]
        assert "did not answer" in seen["vpc-bob"]["error"]
        shown = up.terminal.type("show", "--patience", "20")
        assert [(one["endpoint"], one["code"]) for one in shown["silent"]] == [("vpc-bob", "WorkerSilent")]
    finally:
        os.kill(stopped, signal.SIGCONT)
    wait_for_blocking(lambda: scraped(up)[1], LIMIT_SECONDS, until=lambda found: found == ALL_ANSWER)
    wait_for_blocking(lambda: overview(up)["vpc-bob"]["answers"], LIMIT_SECONDS, what="the page shows it again")


def scraped(up: Up) -> tuple[float, dict[str, float]]:
    """How long the metrics took, and which workers they say answered."""
    began = time.monotonic()
    text = httpx.get(f"{up.url}/metrics", headers=up.bearer, timeout=LIMIT_SECONDS).text
    took = time.monotonic() - began
    return took, {name: float(value) for name, value in re.findall(r'peering_worker_up{endpoint="(.*?)"} (\S+)', text)}


def overview(up: Up) -> dict[str, dict[str, Any]]:
    """The endpoints that a page which is opened now is told of."""
    with httpx.stream("GET", f"{up.url}/page/events", headers=up.bearer, timeout=LIMIT_SECONDS) as stream:
        lines = stream.iter_lines()
        assert any(line == "event: overview" for line in lines)
        told = json.loads(next(line for line in lines if line.startswith("data:")).removeprefix("data:"))
    return {one["endpoint"]: one for one in told["endpoints"]}


def establish(up: Up, first: str, second: str) -> None:
    """Bring a connection up by the door that the buttons use."""
    make_both(up, first, second)
    asked(up, {"endpoint": "vpc-alice", "interface": first, "do": "initiate"})


def make_both(up: Up, first: str, second: str) -> None:
    """Make both ends, each told of the other."""
    one, two = {"endpoint": "vpc-alice", "interface": first}, {"endpoint": "vpc-bob", "interface": second}
    asked(up, {**one, "do": "create"})
    asked(up, {**two, "do": "create"})
    asked(up, {**one, "do": "configure", "peer": f"{second}@vpc-bob"})
    asked(up, {**two, "do": "configure", "peer": f"{first}@vpc-alice"})


def asked(up: Up, action: dict[str, str]) -> None:
    """Ask as the page does; it has to be done."""
    headers = {**up.bearer, "Origin": up.url, "X-Peering-Page": "1"}
    answer = httpx.post(f"{up.url}/page/act", json=action, headers=headers, timeout=LIMIT_SECONDS)
    assert answer.json()["outcome"] == "done", answer.text


@contextmanager
def served(up: Up, listen: str) -> Iterator[str]:
    """A window of its own beside what runs."""
    context = str(up.folder / "context.json")
    command = [*PEERING, "serve", "--topology", context, "--listen", listen, "--folder", str(up.folder), "--json"]
    with subprocess.Popen(command, env=surroundings(), stdout=subprocess.PIPE, text=True) as program:
        try:
            yield str(read_until(program, event="ready")["url"])
        finally:
            program.terminate()
            program.communicate(timeout=LIMIT_SECONDS)
