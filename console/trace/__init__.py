"""The trace of a connection: both ends' timelines, merged, matched and drawn."""
