"""Tests of what a soak run calls growth."""

import pytest

from lab.soak.run import Sample, growth

FLAT = [Sample(float(second), 100.0, 10.0, 16.0, 0) for second in range(30)]


def test_what_comes_and_goes_is_no_growth() -> None:
    assert growth(FLAT) == []
    assert growth([one._replace(stores_mib=2.0 + second % 9) for second, one in enumerate(FLAT)]) == []


def test_what_only_warms_up_is_no_growth() -> None:
    assert growth([one._replace(memory_mib=min(100.0, 10.0 * second)) for second, one in enumerate(FLAT)]) == []


@pytest.mark.parametrize("name", ["memory_mib", "stores_mib", "logs_mib", "queued"])
def test_each_thing_that_grows_is_named(name: str) -> None:
    grown = growth([Sample(**{**one._asdict(), name: 100.0 * second}) for second, one in enumerate(FLAT)])
    assert len(grown) == 1
    assert grown[0].startswith(f"{name} has grown from 1900.0 to 2900.0")


def test_a_run_that_was_too_short_shows_nothing() -> None:
    assert growth(FLAT[:2]) == ["The run was too short to tell."]
