"""The law of generated documents: what is derived from the code is checked in, and is not stale."""

from __future__ import annotations

import re
from pathlib import Path

from lab.cli import make_app
from lab.generate.refusals import refusals_page
from lab.generate.registry import pages, stale, write
from lab.generate.transitions import transitions_page
from tests.tidy.sources import python

REPOSITORY = Path(__file__).parents[2]
LAB = make_app()
REFUSAL = re.compile(r"\bRefusal\(\s*\"(\w+)\"")


def test_law_7_what_is_generated_from_the_code_is_not_stale() -> None:
    assert stale(REPOSITORY, LAB) == [], "repair with: make docs"


def test_every_refusal_in_the_code_stands_on_its_page() -> None:
    codes = {code for source in python() if not source.is_test for code in REFUSAL.findall(source.text)}
    assert {"NotInitiator", "Busy", "TooMuch"} <= codes
    page = refusals_page()
    assert [code for code in sorted(codes) if f"| `{code}` |" not in page] == []


def test_the_transition_table_says_who_may_initiate() -> None:
    first, second = transitions_page().split("## acceptor")
    assert "| Idle | initiate | Connecting | Initiate |" in first
    assert "refused: NotInitiator" in second
    assert "refused: NotInitiator" not in first


def test_a_stale_copy_is_found_and_repaired(tmp_path: Path) -> None:
    examples = tmp_path / "examples"
    examples.mkdir()
    for name in ("pyproject.toml", "lab", "console", "initiator", "acceptor", "shared", "peering_handshake"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (examples / "compose.yaml").write_text((REPOSITORY / "examples/compose.yaml").read_text())
    assert stale(tmp_path, LAB) == list(pages(LAB))
    write(tmp_path, LAB)
    assert stale(tmp_path, LAB) == []
    page = tmp_path / "docs/refusals.md"
    page.write_text(page.read_text().replace("Busy", "Idle"))
    assert stale(tmp_path, LAB) == ["docs/refusals.md"]
