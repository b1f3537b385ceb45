"""The work of the commands of `peering`, apart from their options, which are quick to import."""
