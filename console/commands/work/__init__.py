"""Here the commands do what they promise; it is apart from their signatures only because it takes time to import."""
