"""Tests of the descriptors that a stack may have: raised as far as allowed, and refused before anything starts."""

import resource

import pytest

from console.stack.descriptors import BESIDES, HIGHEST, PER_ENDPOINT, allow_descriptors
from console.stack.errors import StackRefused

INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1_024, 4_096), (4_096, 4_096)),
        ((1_024, 1_048_576), (HIGHEST, 1_048_576)),
        ((1_024, INFINITE), (HIGHEST, INFINITE)),
        ((100_000, 1_048_576), None),
        ((INFINITE, INFINITE), None),
        ((4_096, 4_096), None),
    ],
)
def test_the_soft_limit_is_raised_and_never_lowered(
    before: tuple[int, int], after: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: before)
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    allow_descriptors(300)
    assert asked == ([] if after is None else [after])


def test_more_endpoints_than_there_are_descriptors_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 4_096))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    most = (4_096 - BESIDES) // PER_ENDPOINT
    allow_descriptors(most)
    with pytest.raises(StackRefused, match=rf"^{most + 1} endpoints take about \d+ open files.* may have 4096"):
        allow_descriptors(most + 1)
