"""A claim about distributed processes is believed when it is watched, so the article's story is told by running it."""
