"""The tests, by tier, as a package: they share helpers by import."""
