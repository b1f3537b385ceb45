"""A neighbour is on the same broker by right, so what is tried here is tried with a valid login."""
