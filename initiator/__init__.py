"""Only this end can start a connection, and it can do nothing else that the other cannot."""
