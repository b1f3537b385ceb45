"""The faults of a chaos run, by what they break: worker, network, queue, broker."""
