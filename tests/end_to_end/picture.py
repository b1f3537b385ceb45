"""The picture of the page in README: a real browser's view of the cross-account story, and what it was made from.

`make picture` runs this; a tidy test compares what the page is made of now with what is noted beside the picture.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Final

from selenium.webdriver.common.by import By

from tests.end_to_end.browser import LIMIT_SECONDS, Column, chromium, emulate
from tests.end_to_end.programs import REPOSITORY, peering_up
from tests.waiting import wait_for_blocking

PICTURE: Final = REPOSITORY / "docs" / "page.png"
NOTE: Final = PICTURE.with_suffix(".sha256")
SEEN: Final = ("console/web/page/static", "console/trace/drawing.css", "console/statuses.py")
"""What a look at the page depends on, as files: its markup, styles and scripts, and the colours of the drawing."""

WIDTH: Final = 1400
HEIGHT: Final = 960


def fingerprint(repository: Path = REPOSITORY) -> str:
    """What the page is made of, as one SHA-256 of names and contents."""
    found = hashlib.sha256()
    for place in map(repository.joinpath, SEEN):
        for file in sorted(place.iterdir()) if place.is_dir() else [place]:
            found.update(f"{file.name}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def take(picture: Path, folder: Path) -> None:
    """Tell the story up to a suspension and its end, and take a picture of the page that shows it."""
    topology = REPOSITORY / "examples" / "cross-account.yaml"
    with peering_up(topology, folder / "peering", PEERING_LISTEN="127.0.0.1:0") as up, chromium(folder) as driver:
        typed = up.terminal.done
        typed("create", "--endpoint", "vpc-alice", "--id", "ri-alice", "--name", "to the lab")
        typed("create", "--endpoint", "vpc-bob", "--id", "ri-bob", "--name", "to the office")
        typed("configure", "ri-alice", "--peer", "ri-bob@vpc-bob", "--peer-account", "bob")
        typed("initiate", "ri-alice")
        typed("configure", "ri-bob", "--peer", "ri-alice@vpc-alice", "--peer-account", "alice")
        up.terminal.both_show("Activated", "ri-alice", "ri-bob")
        typed("send", "ri-alice", "hello bob")
        typed("send", "ri-bob", "hello alice")
        typed("suspend", "ri-bob")
        up.terminal.both_show("Suspended", "ri-alice", "ri-bob")
        typed("resume", "ri-bob")
        up.terminal.both_show("Activated", "ri-alice", "ri-bob")
        emulate(driver, WIDTH, HEIGHT, dark=False)
        driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        driver.get(f"{up.page}#left=ri-alice@vpc-alice&right=ri-bob@vpc-bob")
        for side in ("left", "right"):
            Column(driver, side).shows("Activated")
        wait_for_blocking(
            lambda: driver.find_elements(By.CSS_SELECTOR, "#drawing .told.arrived"), LIMIT_SECONDS, what="the drawing"
        )
        driver.execute_script("document.getElementById('drawing').scrollTop = 0")
        driver.save_screenshot(str(picture))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        take(PICTURE, Path(scratch))
    NOTE.write_text(f"{fingerprint()}\n", encoding="utf-8")
    sys.stdout.write(f"{PICTURE}\n")
