"""A proof about a model says nothing about sockets, disks and kill -9, so the running thing is broken as well.

Real workers and a real RabbitMQ on loopback, hundreds of connections under commands and payloads, and faults all the
while; then the faults stop, the owners finish, and a checker reads what both ends remember.
"""
