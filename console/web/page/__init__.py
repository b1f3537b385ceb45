"""A page is for people who want to see both ends at once, which no owner of one end can otherwise do."""
