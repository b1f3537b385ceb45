"""Proof and measurement of the simulator: exploration, simulation, chaos, benchmark, generated documents."""
