"""People and programs outside see only what the ends say; nothing here knows better than they do."""
