"""Tests from outside: real processes are started, asked, stopped and killed."""
