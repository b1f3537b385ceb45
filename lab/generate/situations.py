"""The situations that can be reached, docs/situations.md: each from its file, with what real automation gets wrong."""

from __future__ import annotations

from typing import Final

from console.faults.situation import Situation, situations

_HEAD: Final = """\
# Situations by name

Generated from `console/faults/situations` by `make docs`.

States of disagreement that `peering situation reach NAME` reaches on a fresh connection
([what else can be done](faults.md#situations-by-name)). *After it* is what both ends show once its faults are cleared
and its owners have done what heals it.

"""


def situations_page() -> str:
    """Every situation: what both ends show, what is wrong there, and what it takes."""
    rows = [
        "| situation | initiator / acceptor | what it is, and what goes wrong there | after it |",
        "|---|---|---|---|",
    ]
    for one in situations():
        shown, after = (" / ".join(_statuses(one, healed=healed)) for healed in (False, True))
        link = f"[`{one.name}`](../console/faults/situations/{one.name}.yaml)"
        rows.append(f"| {link}{_needs(one)} | {shown} | {one.sentence} | {after} |")
    return _HEAD + "\n".join(rows) + "\n"


def _statuses(one: Situation, *, healed: bool) -> list[str]:
    seen = (one.healed if healed else one.reached).statuses
    return [str(seen.get(end, "gone")) for end in ("initiator", "acceptor")]


def _needs(one: Situation) -> str:
    needs = ["`--times`"] if one.times is not None else []
    needs += ["under `peering up` only"] if one.supervised is not None else []
    return f" ({', '.join(needs)})" if needs else ""
