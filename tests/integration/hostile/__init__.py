"""Tests of a hostile neighbour with a valid login on the same broker."""
