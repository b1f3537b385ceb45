"""Tests of the page in a real browser: a handshake message by message, and the guided stories."""

from __future__ import annotations

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.end_to_end.browser import LIMIT_SECONDS, NOT_YET, Column, reads
from tests.end_to_end.programs import Up
from tests.waiting import wait_for_blocking

THERE = "ri-sa → ri-sb"
BACK = "ri-sb → ri-sa"


def card(driver: Chrome, way: str, words: str) -> WebElement:
    """Wait for a message that stands half-way: who says it to whom, and what it says."""

    def found() -> WebElement | None:
        cards = driver.find_elements(By.CSS_SELECTOR, "#cards li")
        return next((one for one in cards if way in one.text and words in one.text), None)

    one = wait_for_blocking(found, LIMIT_SECONDS, what=f"a card {way}: {words}", forgive=NOT_YET)
    assert one is not None
    return one


def choose(driver: Chrome, way: str, words: str, choice: str) -> None:
    """Press a card's button, however often it is drawn anew meanwhile."""

    def press() -> bool:
        card(driver, way, words).find_element(By.CSS_SELECTOR, f"[data-choice={choice}]").click()
        return True

    wait_for_blocking(press, LIMIT_SECONDS, what=f"{choice}: {way} {words}", forgive=NOT_YET)


def test_a_handshake_is_walked_message_by_message_its_third_is_lost_and_it_heals(up: Up, driver: Chrome) -> None:
    driver.get(f"{up.page}#by-hand")
    alice, bob = Column(driver, "left"), Column(driver, "right")
    alice.reads(".owner", "alice")
    bob.reads(".owner", "bob")
    alice.create("ri-sa")
    bob.create("ri-sb")
    alice.configure("ri-sb@vpc-bob")
    bob.configure("ri-sa@vpc-alice")
    switch = driver.find_element(By.ID, "stepping")
    switch.click()
    reads(driver, "#card-said", "stands: hold every message of ri-sa")
    alice.ask("initiate", "ri-sa: Connecting")
    card(driver, THERE, "has named ri-sa as its peer: if all else agrees")
    bob.shows("Idle")
    choose(driver, THERE, "Initiate 1.1", "deliver")
    bob.shows("Accepting")
    alice.shows("Connecting")

    def deliver_by_key() -> bool:
        one = card(driver, BACK, "Declare 1.1 up, has 1.1")
        assert "it is Activated from then on" in one.text
        one.send_keys("d")
        return True

    wait_for_blocking(deliver_by_key, LIMIT_SECONDS, what="the answer is delivered by a key", forgive=NOT_YET)
    alice.shows("Activated")
    bob.shows("Accepting")
    choose(driver, THERE, "Declare 1.1 up, has 1.1", "drop")
    reads(driver, "#card-said", "Drop: done.")
    assert driver.find_element(By.ID, "sentence").get_attribute("data-link") == "false"
    choose(driver, BACK, "Declare 1.1 up, has 1.1", "duplicate")
    bob.shows("Accepting")
    choose(driver, THERE, "Declare 1.1 up, has 1.1", "hold_back")
    choose(driver, THERE, "Declare 1.1 up, has 1.1", "deliver")
    bob.shows("Activated")
    driver.find_element(By.ID, "stepping").click()
    wait_for_blocking(
        lambda: driver.find_elements(By.CSS_SELECTOR, "#cards li, #fault-list li"),
        LIMIT_SECONDS,
        until=lambda left: left == [],
        what="nothing stands half-way and nothing is done on purpose any more",
    )
    alice.ask("suspend", "ri-sa: Suspending")
    bob.shows("Suspended")


def test_the_guided_story_is_offered_first_and_shows_two_ends_that_disagree(up: Up, driver: Chrome) -> None:
    driver.get(up.page)
    reads(driver, "#welcome", "Half open")
    assert not driver.find_element(By.TAG_NAME, "main").is_displayed(), "no empty forms first"
    driver.find_element(By.CSS_SELECTOR, "[data-story=half-open]").click()
    reads(driver, "#story-step", "1 of 6")
    driver.find_element(By.ID, "story-play").click()
    alice, bob = Column(driver, "left"), Column(driver, "right")
    shown = {2: ("Idle", "Idle"), 3: ("Idle", "Idle"), 4: ("Activated", "Accepting"), 5: ("Activated", "Accepting")}
    for step in range(2, 7):
        driver.find_element(By.ID, "story-next").click()
        reads(driver, "#story-step", f"{step} of 6")
        for column, status in zip((alice, bob), shown.get(step, ("Activated", "Activated")), strict=True):
            column.shows(status)
        if step == 3:
            reads(driver, "#fault-count", "(1)")
    reads(driver, "#story-step", "the end")
    driver.find_element(By.ID, "story-end").click()
    assert not driver.find_element(By.ID, "story").is_displayed()
    driver.get(up.page.partition("#")[0])
    reads(driver, "#left", "alice")
    assert not driver.find_element(By.ID, "welcome").is_displayed(), "it is offered once"
