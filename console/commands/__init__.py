"""A command is a question with a name: what it does is done by workers, and it can only ask."""
