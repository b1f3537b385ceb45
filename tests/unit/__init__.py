"""A package, so that two tiers may have files of the same name."""
