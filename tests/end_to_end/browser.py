"""The browser of the page's tests: a real Chromium without a window, its columns read and clicked.

Nothing is asked of the page but what a person sees: texts, buttons, fields, keys.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from selenium import webdriver
from selenium.common.exceptions import (
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.waiting import wait_for_blocking

LIMIT_SECONDS: Final = 90.0
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)
NOT_YET: Final = (NoSuchElementException, StaleElementReferenceException, ElementNotInteractableException)
"""What is not there yet, or was just drawn anew."""


def program(*names: str) -> str:
    """Where the first of these programs is. Fails with what to do if there is none."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    assert found, f"none of {', '.join(names)} is installed here: `make browser` installs chromium where it may"
    return found


@contextmanager
def chromium(folder: Path) -> Iterator[Chrome]:
    """A browser with a profile of its own in this folder, ended afterwards."""
    options = webdriver.ChromeOptions()
    options.binary_location = program(*_BROWSERS)
    for flag in (*_FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(program("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def complaints(driver: Chrome) -> list[str]:
    """What the browser complains of: errors of scripts, and whatever the page's policy had to forbid.

    Not answers that are refusals, nor a server that is away: the tests do both.
    """
    logged: list[dict[str, Any]] = driver.get_log("browser")  # type: ignore[no-untyped-call]
    return [str(entry["message"]) for entry in logged if entry.get("source") != "network"]


def emulate(driver: Chrome, width: int, height: int, *, dark: bool) -> None:
    """Be a screen of this size, in this colour scheme."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < height}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def reads(driver: Chrome, selector: str, text: str) -> None:
    """Wait until something can be read on the page."""
    wait_for_blocking(
        lambda: driver.find_element(By.CSS_SELECTOR, selector).text,
        LIMIT_SECONDS,
        until=lambda seen: text in seen,
        what=f"{text!r} in {selector}",
        forgive=NOT_YET,
    )


class Column:
    """One side of the page, and somebody who sits before it."""

    def __init__(self, driver: Chrome, side: str) -> None:
        """`side` is left or right."""
        self._driver, self._side = driver, side

    def find(self, selector: str) -> WebElement:
        """Something in this column."""
        return self._driver.find_element(By.CSS_SELECTOR, f"#{self._side} {selector}")

    def text(self, selector: str) -> str:
        """What can be read there."""
        return str(self.find(selector).text)

    def reads(self, selector: str, text: str) -> None:
        """Wait until something can be read there."""
        reads(self._driver, f"#{self._side} {selector}", text)

    def shows(self, status: str) -> None:
        """Wait until the chosen end shows a status."""
        self.reads(".badge", status)

    def press(self, selector: str) -> None:
        """Press a button, once it is there."""

        def press() -> bool:
            self.find(selector).click()
            return True

        wait_for_blocking(press, LIMIT_SECONDS, what=f"{self._side} {selector} is pressed", forgive=NOT_YET)

    def ask(self, verb: str, answer: str) -> None:
        """Press one of the owner's buttons, and read the answer."""
        self.press(f"[data-do={verb}]")
        self.reads(".answer", answer)

    def fill(self, field: str, text: str, button: str, answer: str) -> None:
        """Write over what is in a field, press the button beside it, and read the answer.

        The field keeps the focus: the page proposes a peer in one that is empty and not being written into.
        """
        self.find(field).send_keys(Keys.CONTROL, "a", Keys.NULL, text)
        self.press(button)
        self.reads(".answer", answer)

    def create(self, interface: str, name: str = "") -> None:
        """Make an interface, which is then the chosen one."""
        self.find(".create [name=name]").send_keys(name)
        self.fill(".create [name=interface]", interface, ".create button", f"{interface}: Idle")
        self.shows("Idle")

    def configure(self, peer: str) -> None:
        """Tell the chosen end who its peer is."""
        self.fill(".configure [name=peer]", peer, ".configure button", "Idle")

    def send(self, body: str, answer: str) -> None:
        """Send a payload, and read the answer."""
        self.fill(".send [name=body]", body, ".send button", answer)
