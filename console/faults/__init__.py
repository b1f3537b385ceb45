"""Faults on purpose: a tap on a wire, the rules by which messages are struck, and the messages that are held."""
