"""The broker layer: RabbitMQ, what lies on it, and the connections to it; it proves who speaks."""
