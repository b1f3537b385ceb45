"""Runs a topology: the broker, a supervised worker process for each endpoint, and the compose file's documents."""
