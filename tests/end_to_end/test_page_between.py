"""Tests of the page in a real browser: repeated cards, faults that are cleared or refused, stories that are left."""

from __future__ import annotations

from typing import Any

import httpx
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from shared.wire.bundle import Bundle, write_bundle
from tests.end_to_end.browser import LIMIT_SECONDS, NOT_YET, Column, reads
from tests.end_to_end.programs import Up
from tests.end_to_end.test_dead_letters import set_aside_by_bob
from tests.end_to_end.test_page import make_both, served
from tests.waiting import wait_for_blocking


def press(driver: Chrome, selector: str) -> None:
    """Press something on the page, once it is there and can be pressed."""

    def pressed() -> bool:
        driver.find_element(By.CSS_SELECTOR, selector).click()
        return True

    wait_for_blocking(pressed, LIMIT_SECONDS, what=f"{selector} is pressed", forgive=NOT_YET)


def next_step(driver: Chrome, text: str) -> None:
    """Press *Next*, which does nothing while a step is still being taken, until the step of this text is told."""

    def told() -> bool:
        if text not in driver.find_element(By.ID, "story-step").text:
            driver.find_element(By.ID, "story-next").click()
        return text in driver.find_element(By.ID, "story-step").text

    wait_for_blocking(told, LIMIT_SECONDS, what=f"step {text}", forgive=NOT_YET)


def focused(driver: Chrome) -> str:
    return str(driver.switch_to.active_element.get_attribute("id"))


def standing(up: Up) -> list[dict[str, Any]]:
    """The faults that stand and are not over, as programs see them."""
    found: list[dict[str, Any]] = httpx.get(
        f"{up.url}/_peering/faults", headers=up.bearer, timeout=LIMIT_SECONDS
    ).json()
    return [one for one in found if not one["over"]]


def nothing_stands(up: Up) -> None:
    wait_for_blocking(lambda: standing(up), LIMIT_SECONDS, until=lambda found: found == [], what="no fault stands")


def test_a_card_stays_the_same_while_its_message_is_said_again_and_all_is_cleared_at_once(
    up: Up, driver: Chrome
) -> None:
    make_both(up, "ri-ca", "ri-cb")
    driver.get(f"{up.page}#left=ri-ca@vpc-alice&right=ri-cb@vpc-bob")
    alice, bob = Column(driver, "left"), Column(driver, "right")
    bob.shows("Idle")
    press(driver, "#stepping")
    reads(driver, "#card-said", "stands: hold every message")
    press(driver, "#faults summary")
    alice.ask("initiate", "ri-ca: Connecting")
    reads(
        driver,
        "#cards li",
        "has named ri-ca as its peer: if all else agrees, it is Accepting from then on, and answers",
    )
    button = driver.find_element(By.CSS_SELECTOR, "#cards [data-choice=deliver]")
    driver.execute_script("arguments[0].focus()", button)
    reads(driver, "#cards li", "(said 3 times)")
    assert button == driver.switch_to.active_element, "somebody was at this button"
    press(driver, "#fault-clear")
    reads(driver, "#card-said", "1 cleared")
    alice.shows("Activated")
    bob.shows("Activated")
    nothing_stands(up)


def test_a_fault_that_is_refused_leaves_the_switch_as_it_was(up: Up, driver: Chrome) -> None:
    make_both(up, "ri-ra", "ri-rb")
    with served(up, "127.0.0.1:0") as url:
        driver.get(f"{url}/?token={up.token}#left=ri-ra@vpc-alice&right=ri-rb@vpc-bob")
        Column(driver, "right").shows("Idle")
        press(driver, "#stepping")
        wait_for_blocking(
            lambda: driver.find_element(By.ID, "card-said").get_attribute("class"),
            LIMIT_SECONDS,
            until=lambda seen: str(seen) in {"answer refused", "answer failed"},
        )
        assert not driver.find_element(By.ID, "stepping").is_selected()


def test_a_story_that_is_left_leaves_nothing_behind_and_another_can_begin(up: Up, driver: Chrome) -> None:
    driver.get(up.page)
    press(driver, "[data-story=half-open]")
    reads(driver, "#story-step", "1 of 6")
    assert focused(driver) == "story-play"
    press(driver, "#story-play")
    for step in (2, 3):
        next_step(driver, f"{step} of 6")
    wait_for_blocking(lambda: standing(up), LIMIT_SECONDS, what="the story's fault stands")
    press(driver, "#story-end")
    assert focused(driver) == "stories"
    nothing_stands(up)
    press(driver, "#stories")
    press(driver, "[data-story=suspended]")
    reads(driver, "#story-step", "1 of ")
    press(driver, "#story-next")
    driver.execute_script("document.getElementById('stories').click()")
    driver.execute_script("document.querySelector('[data-story=cross-account]').click()")
    reads(driver, "#story-step", "Two owners")
    next_step(driver, "2 of ")


def test_a_story_goes_on_where_it_was_when_the_page_is_loaded_again(up: Up, driver: Chrome) -> None:
    driver.get(up.page)
    press(driver, "#by-hand")
    assert driver.find_element(By.CSS_SELECTOR, "#left form.create").is_displayed()
    press(driver, "#stories")
    press(driver, "[data-story=half-open]")
    press(driver, "#story-play")
    for step in (2, 3, 4):
        next_step(driver, f"{step} of 6")
    alice, bob = Column(driver, "left"), Column(driver, "right")
    bob.shows("Accepting")
    (fault,) = standing(up)
    assert fault["fault"]["seconds"] is not None, "nothing is left for ever by a browser that is closed"
    driver.refresh()
    reads(driver, "#story-step", "4 of 6")
    reads(driver, "#story-play", "Play")
    alice.shows("Activated")
    bob.shows("Accepting")
    assert standing(up)[0]["number"] == fault["number"]
    forms = driver.find_elements(By.CSS_SELECTOR, "#left form, #left .verbs, #between form, #stepping")
    assert len(forms) > 4
    assert [one.get_attribute("class") for one in forms if one.is_displayed()] == []
    for step in (5, 6):
        next_step(driver, f"{step} of 6")
    bob.shows("Activated")
    press(driver, "#story-end")
    nothing_stands(up)
    driver.refresh()
    bob.shows("Activated")
    assert not driver.find_element(By.ID, "story").is_displayed()
    assert driver.find_element(By.CSS_SELECTOR, "#left .verbs").is_displayed()


def rows(driver: Chrome) -> list[str]:
    """The dead letters that the page shows."""
    return [one.text for one in driver.find_elements(By.CSS_SELECTOR, "#dead-list li")]


def test_dead_letters_are_counted_listed_replayed_and_thrown_away(up: Up, driver: Chrome) -> None:
    """One of another sender's that nobody would take, and one that its receiver would take now."""
    make_both(up, "ri-da", "ri-db")
    driver.get(f"{up.page}#left=ri-da@vpc-alice&right=ri-db@vpc-bob")
    press(driver, "#dead summary")
    reads(driver, "#dead-list", "None lies here.")
    set_aside_by_bob(up, write_bundle(Bundle("vpc-alice", "alice", "vpc-bob", 1, [])))
    corrupt = {"do": "corrupt", "interface": "ri-da", "from": "vpc-alice", "times": 1}
    made = httpx.post(f"{up.url}/_peering/faults", headers=up.bearer, json=corrupt, timeout=LIMIT_SECONDS)
    assert made.status_code == httpx.codes.CREATED, made.text
    up.terminal.done("initiate", "ri-da")
    reads(driver, "#dead-count", "(1 set aside since the start)")
    shown = wait_for_blocking(lambda: rows(driver), LIMIT_SECONDS, until=lambda found: len(found) == 2, forgive=NOT_YET)
    assert all("alice → vpc-bob" in one and "set aside by bob" in one for one in shown)
    press(driver, "#dead-list li.sound [data-choice=replay_dead_letter]")
    reads(driver, "#dead-said", "Sent again to vpc-bob from alice: a bundle of vpc-alice: a sign of life.")
    wait_for_blocking(lambda: rows(driver), LIMIT_SECONDS, until=lambda found: len(found) == 1, forgive=NOT_YET)
    assert not driver.find_element(By.CSS_SELECTOR, "[data-choice=replay_dead_letter]").is_enabled()
    press(driver, "#dead-clear")
    reads(driver, "#dead-list", "None lies here.")
    nothing_stands(up)
