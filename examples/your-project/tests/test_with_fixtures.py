"""The controller, tried with the fixtures and markers that pytest finds by itself once the package is installed."""

import pytest
from link_controller import bring_up
from simulated import end_of


def test_it_brings_the_link_up(peering_pair, peering_world):
    a, b = peering_pair
    bring_up(end_of(peering_world, "alice", a.interface), end_of(peering_world, "bob", b.interface), timeout=60)
    assert b.show()["link"]


@pytest.mark.peering_fault("drop", status="Activated")  # the third message never arrives
def test_one_end_that_is_up_is_no_link(peering_pair, peering_world):
    a, b = peering_pair
    with pytest.raises(TimeoutError, match="the ends show Active and AcceptingConnecting"):
        bring_up(end_of(peering_world, "alice", a.interface), end_of(peering_world, "bob", b.interface), timeout=5)
