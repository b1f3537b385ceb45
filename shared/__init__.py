"""Everything a connection needs fits here without knowing which end it is."""
