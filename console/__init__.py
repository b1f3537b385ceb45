"""The console: the programs with which people and other programs command the ends and watch them.

It sees only what the ends say; nothing here knows better than they do.
"""
