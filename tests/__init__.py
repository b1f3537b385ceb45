"""A package, so that tests share helpers by import instead of by copying them."""
