"""Tests against a real RabbitMQ, as a package, so that the ladder has one name however pytest is called."""
