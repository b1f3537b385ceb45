"""The controller, tried with Testcontainers: nothing but Docker is needed where the tests run."""

import pytest
from link_controller import bring_up, wait_until_up
from simulated import end_of

from peering_handshake.testcontainers import PeeringContainer


@pytest.fixture(scope="session")
def peering():
    with PeeringContainer() as container:  # glue
        yield container  # glue


def test_a_link_is_up_once_the_other_end_has_heard_of_it_too(peering):
    with peering.world(["alice", "bob"]) as sim:
        a, b = sim.pair("alice", "bob")
        ends = end_of(sim, "alice", a.interface), end_of(sim, "bob", b.interface)
        sim.faults.drop(a >> b, status="Activated")
        with pytest.raises(TimeoutError, match="the ends show Active and AcceptingConnecting"):
            bring_up(*ends, timeout=5)
        sim.faults.clear()
        wait_until_up(*ends, timeout=60)
        assert b.show()["link"]
