"""The simulator's own interface, `/_peering/…`: health, readiness, metrics, and what no cloud lets a customer do."""
