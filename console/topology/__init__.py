"""A topology is not settings to be merged and guessed at: it is a claim about who owns what, checked as a whole."""

from console.topology.context import Context, KnownEndpoint, NoContext, find_context
from console.topology.models import AccountSection, BrokerSection, EndpointSection, Topology
from console.topology.reading import TopologyRefused, load

__all__ = [
    "AccountSection",
    "BrokerSection",
    "Context",
    "EndpointSection",
    "KnownEndpoint",
    "NoContext",
    "Topology",
    "TopologyRefused",
    "find_context",
    "load",
]
