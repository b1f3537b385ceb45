"""The law of words: one word means one thing, and no text points to a document that a reader does not have."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from tests.tidy.sources import ROOT, Source, assert_none, files, planted, python, texts

# Words that once meant two things, or something that the field has a word for.
WITHDRAWN = {
    "life": "epoch (of an interface), store id (of a store)",
    "lives": "epochs",
    "vouch": "prove",
    "vouched": "proven",
    "vouching": "proving",
    "desk": "command handler",
    "parcel": "outgoing bundle",
    "parcels": "outgoing bundles",
    "mischief": "fault schedule",
    "letter": "delivery; a letter is a dead letter and nothing else",
    "letters": "deliveries; a letter is a dead letter and nothing else",
    "trouble": "error",
    "troubles": "errors",
}
DEAD = {"letter", "letters"}
FIELD = "life"
"""Stays the name of the store id in a bundle of format 1, for as long as there is that format."""
PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# Written in parts, so that this file does not break what it checks.
ELSEWHERE = re.compile(
    "|".join(
        (
            "practice" + " notes?",
            r"DESIGN\." + r"md",
            r"\.\./" + "shared/(?:tools|reference|hooks)",
            r"(?:Source: |\(|from |in )the " + "reference" + r"(?:'s|,| on)",
        )
    )
)
LAW = re.compile(r"\blaws? ([0-9])(?: and ([0-9]))?\b", re.IGNORECASE)
HOOK = ".ci/run"
"""May look for a tool beside the clone, and does without it."""


def withdrawn(sources: Iterable[Source]) -> Iterator[str]:
    """Find identifiers and names of files that use a withdrawn word."""
    for source in sources:
        for part in (*source.folders, source.name.removesuffix(".py")):
            yield from (source.at(1, f"{part}: say {better}") for better in _better(part))
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.NAME and token.string != FIELD:
                for better in _better(token.string):
                    yield source.at(token.start[0], f"{token.string}: say {better}")


def _better(identifier: str) -> Iterator[str]:
    before = ""
    for part in map(str.lower, PARTS.findall(identifier)):
        if part in WITHDRAWN and not (part in DEAD and before == "dead"):
            yield WITHDRAWN[part]
        before = part


def outside(sources: Iterable[Source], laws: Iterable[str]) -> Iterator[str]:
    """Find what points to a document that is not here, or to a law that docs/architecture.md does not hold."""
    held = set(laws)
    for source in sources:
        for number, line in enumerate(source.text.splitlines(), 1):
            if ELSEWHERE.search(line) and source.path != HOOK:
                yield source.at(number, f"points out of the repository: {line.strip()}")
            for law in LAW.finditer(line):
                if missing := [one for one in law.groups() if one and one not in held]:
                    yield source.at(number, f"there is no law {', '.join(missing)} in docs/architecture.md")


def laws() -> list[str]:
    """The numbers of the laws of the house."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = page.partition("## 4. Laws of the house")[2].partition("\n## ")[0]
    return re.findall(r"^([0-9])\. \*\*", section, re.MULTILINE)


def test_withdrawn_words_do_not_come_back() -> None:
    assert_none(withdrawn(python()))


def test_law_8_nothing_points_to_a_document_that_is_not_here() -> None:
    assert laws() == list("12345678")
    assert "docs/architecture.md" in files()
    assert_none(outside(texts(), laws()))


def test_a_withdrawn_word_is_caught() -> None:
    for text in ("bad_letters = 1\n", "class StoreTrouble: ...\n", "x.vouched()\n", "old_life = 1\n"):
        assert list(withdrawn(planted("a.py", text))), text
    assert list(withdrawn(planted("shared/runtime/desk.py", "")))
    fine = "dead_letters = DEAD_LETTER_KEY\ndelivery = lifetime = relive = 1\nx = 'a letter'\n"
    assert not list(withdrawn(planted("a.py", fine)))


def test_a_pointer_out_of_the_repository_is_caught() -> None:
    notes, design, away = "practice" + " notes", "DESIGN" + ".md", "../" + "shared/tools"
    for text in (f"({notes}, 1.5)", f"see {design} section 2", f"{away}/x", "Source: the " + "reference, section 2"):
        assert list(outside(planted("a.py", f"# {text}\n"), "1")), text
    assert list(outside(planted("a.py", "# law " + "9\n"), "12"))
    assert not list(outside(planted("a.py", "# law 2, and the command reference\n"), "12"))
    assert not list(outside(planted(HOOK, f"{away}/x\n"), "1"))
