"""Programs that speak to the simulator through the cloud's own clients, unmodified, each in a process of its own."""
