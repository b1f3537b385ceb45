"""This end never says the first word; once it has said its second, nobody can tell."""
