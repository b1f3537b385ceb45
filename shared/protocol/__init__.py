"""A handshake is a calculation: nothing in this package reads a clock, rolls a die, waits or fails."""
