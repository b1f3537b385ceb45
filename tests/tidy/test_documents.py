"""The checks of what documents say of the code: planted bugs, names in the code, and the page's picture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lab.explore.bugs import BUGS
from tests.end_to_end.picture import NOTE, PICTURE, fingerprint
from tests.tidy.sources import ROOT, Source, assert_none, files, planted, python, texts

ARCHITECTURE = "docs/architecture.md"
RULE = re.compile(r"^\|[^|]*\|[^|]*\| ([^|]+) \| `(\w+)` \|$", re.MULTILINE)
QUOTED = re.compile(r"`([^`\n]+)`")
IDENTIFIER = re.compile(r"_?[a-z]+(?:_[a-z0-9]+)+|_[a-z]+")
REASON = re.compile(r"raise Unreadable\(\"([^\"]+)\"\)")
ROOM = ("console/stack/room.py", "console/stack/descriptors.py")
REFUSAL = re.compile(r"raise StackRefused\((.*?)\n        +\)", re.DOTALL)
BY_HAND = (
    "README.md",
    "CONTRIBUTING.md",
    *(f"docs/{page}.md" for page in ("architecture", "watching", "limits", "faults", "scenarios")),
)


def unknown_names(sources: Iterable[Source], code: str) -> Iterator[str]:
    """Find functions and fields that a document names and the code does not hold."""
    for source in sources:
        for number, line in enumerate(source.text.splitlines(), 1):
            for name in QUOTED.findall(line):
                if IDENTIFIER.fullmatch(name) and not re.search(rf"\b{re.escape(name)}\b", code):
                    yield source.at(number, f"names `{name}`, which is nowhere in the code")


def test_each_rule_is_shown_by_a_bug_that_is_planted() -> None:
    planted_bugs = {(bug.name, bug.breaks) for bug in BUGS}
    told = RULE.findall((ROOT / ARCHITECTURE).read_text(encoding="utf-8"))
    assert len(told) > 10
    assert [row for row in told if row not in planted_bugs] == []


def test_documents_name_what_is_there() -> None:
    code = "\n".join(source.text for source in python())
    assert_none(unknown_names((source for source in texts() if source.path in BY_HAND), code))


def test_each_reason_of_a_dead_letter_stands_on_its_page() -> None:
    code = (ROOT / "shared/runtime/deliveries.py").read_text(encoding="utf-8")
    page = (ROOT / "docs/dead-letters.md").read_text(encoding="utf-8")
    reasons = REASON.findall(code)
    assert len(reasons) > 4
    assert [reason for reason in reasons if f"| `{reason}` |" not in page] == []


def test_each_limit_that_a_stack_is_refused_for_is_named_where_a_reader_looks_for_it() -> None:
    refusals = [text for path in ROOM for text in REFUSAL.findall((ROOT / path).read_text(encoding="utf-8"))]
    assert len(refusals) == sum((ROOT / path).read_text(encoding="utf-8").count("StackRefused(") for path in ROOM)
    told = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [
        text for text in refusals if not (named := QUOTED.findall(text)) or any(one not in told for one in named)
    ] == []


def test_the_picture_of_the_page_is_not_stale() -> None:
    assert PICTURE.relative_to(ROOT).as_posix() in files()
    assert NOTE.read_text(encoding="utf-8").strip() == fingerprint(), "repair with: make picture"


def test_an_unknown_name_is_caught() -> None:
    assert list(unknown_names(planted("docs/a.md", "`_status` says so\n"), "def status_of(): ..."))
    assert not list(unknown_names(planted("docs/a.md", "`status_of`, `Say`, `make docs`\n"), "def status_of(): ..."))
