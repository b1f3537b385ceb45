"""All that these tests need to know of the simulator: how the controller reaches an end in it."""

from link_controller import End

from peering_handshake import Simulator


def end_of(sim: Simulator, account: str, interface: str) -> End:
    """The end of an account, as the controller knows ends."""
    key = sim.key(account)  # glue
    return End(interface, key["id"], key["secret"], sim.access.url)  # glue
