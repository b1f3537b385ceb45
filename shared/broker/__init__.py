"""The broker proves who speaks, so no other layer needs to check a signature or a password."""
