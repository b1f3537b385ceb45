"""The controller on the two ends of half-open.yaml, which runs this."""

from link_controller import bring_up
from simulated import end_of

from peering_handshake import Simulator

with Simulator() as sim:  # glue
    ends = end_of(sim, "alice", "ri-alice"), end_of(sim, "bob", "ri-bob")
bring_up(*ends, timeout=60)
