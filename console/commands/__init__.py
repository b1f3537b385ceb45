"""The commands of `peering`, each with its options; what they do is in `work`, which takes longer to import."""
