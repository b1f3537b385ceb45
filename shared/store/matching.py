"""The search among a store's interfaces: what is to match, as a condition in SQL."""

from __future__ import annotations

from typing import Final

from shared.wire.request import MatchForm

_PEER: Final = "coalesce(peer_interface || '@' || peer_endpoint || ' ' || peer_account, '')"
_CONDITIONS: Final = {
    "status": "status = ?",
    "name": "instr(lower(name), lower(?))",
    "peer": f"instr({_PEER}, lower(?))",
    "text": f"(instr(id || ' ' || lower(name) || ' ' || {_PEER}, lower(?)) OR lower(status) = lower(?))",
}
"""Ids and accounts are small letters. A search is one pass over the table, and costs writers no index."""


def matching(match: MatchForm, *, deleted: bool) -> tuple[str, list[str]]:
    """Conditions to follow another one, each with its AND, and the values of their placeholders."""
    words, values = [] if deleted else ["AND intent < 3"], []
    for field, value in match.items():
        condition = _CONDITIONS[field]
        words.append(f"AND {condition}")
        values += [str(value)] * condition.count("?")
    return " ".join(words), values
