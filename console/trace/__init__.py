"""Each end remembers half of a story, and only side by side do the halves show who was wrong, and for how long."""
