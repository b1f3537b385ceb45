"""The commands of `peering-lab`, each with its options; the work is in the folder of the same name."""
