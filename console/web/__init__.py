"""A web server here is a window and not a house: it holds no status, and asks the workers like any console."""
