"""Tests of every order of events, on the functions that are shipped."""
