"""Every order of events, on the functions that are shipped."""
