"""The law of roles: no file in `shared/` names one."""

import re
from collections.abc import Iterable, Iterator

from tests.tidy.sources import Source, assert_none, planted, python

ROLES = re.compile("initiator|acceptor", re.IGNORECASE)


def named_roles(sources: Iterable[Source]) -> Iterator[str]:
    """Find a role's name in `shared/`: in code, comment, string or the file's own name."""
    for source in sources:
        if source.folders[:1] != ("shared",):
            continue
        if ROLES.search(source.path):
            yield source.at(1, "its name names a role")
        for number, line in enumerate(source.text.splitlines(), 1):
            if ROLES.search(line):
                yield source.at(number, f"names a role: {line.strip()}")


def test_law_2_shared_names_no_role() -> None:
    assert_none(named_roles(python()))


def test_a_role_in_code_comment_or_name_is_caught() -> None:
    assert list(named_roles(planted("shared/protocol/link.py", "is_initiator = True\n")))
    assert list(named_roles(planted("shared/protocol/link.py", "x = 1  # as the Acceptor does\n")))
    assert list(named_roles(planted("shared/protocol/acceptors.py", "x = 1\n")))
    assert not list(named_roles(planted("console/show.py", "is_initiator = True\n")))
