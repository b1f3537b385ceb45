"""The stories of the article, as scenario files: one for each way in which it lets two ends meet."""
