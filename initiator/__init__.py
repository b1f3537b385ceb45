"""The initiator: the end that may initiate a connection, as a role, a handshake and a worker program."""
