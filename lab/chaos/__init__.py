"""Chaos testing: real workers and a real RabbitMQ under load and faults, and a checker of what is left.

Hundreds of connections under commands and payloads, and faults all the while; then the faults stop, the owners finish,
and a checker reads what both ends remember.
"""
