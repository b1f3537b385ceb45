"""Two real processors, seeded faults, virtual time."""
