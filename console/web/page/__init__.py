"""The page: both ends of a connection side by side, live, with buttons for each owner."""
