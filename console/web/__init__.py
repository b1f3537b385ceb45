"""The web server: the cloud's API, the page and our own interface, on one address. It holds no status, but asks."""
