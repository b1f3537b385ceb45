"""The protocol of a connection: pure functions on frozen values, without clock, chance, waiting or exceptions."""
