"""A worker is a loop with one door in and one door out; everything else about it is arithmetic."""
