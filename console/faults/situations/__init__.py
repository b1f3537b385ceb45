"""Named situations: each a file with its faults and steps, and a sentence of what real automation gets wrong there."""
