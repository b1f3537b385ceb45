"""The faults of a chaos run, by what they break: worker, network, broker, and what an operator does to a broker."""
