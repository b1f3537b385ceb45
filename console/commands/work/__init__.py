"""What the commands of `peering` do, apart from their options because it takes time to import."""
