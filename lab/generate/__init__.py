"""The documents that are generated from the code and checked in, and what finds a stale one."""
