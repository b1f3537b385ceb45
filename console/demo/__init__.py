"""The demonstration: stories of the article, told by running real processes."""
