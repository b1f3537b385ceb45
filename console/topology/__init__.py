"""The topology: accounts, endpoints and the broker, from a file that is checked as a whole or from the context."""

from console.topology.context import Context, KnownEndpoint, NoContext, find_context
from console.topology.models import AccountSection, BrokerSection, EndpointSection, Topology
from console.topology.reading import FileRefused, TopologyRefused, load

__all__ = [
    "AccountSection",
    "BrokerSection",
    "Context",
    "EndpointSection",
    "FileRefused",
    "KnownEndpoint",
    "NoContext",
    "Topology",
    "TopologyRefused",
    "find_context",
    "load",
]
