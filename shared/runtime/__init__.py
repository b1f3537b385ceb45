"""The worker: one loop that takes deliveries, commands and due timers in batches, and publishes what follows."""
