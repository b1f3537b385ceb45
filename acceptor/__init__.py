"""The acceptor: the end that can only wait for the initiator, as a role, a handshake and a worker program."""
