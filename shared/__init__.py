"""The part of the house that does not know which end it is: protocol, wire, store, broker, runtime."""
