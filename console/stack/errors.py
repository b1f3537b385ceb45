"""The errors of the stack: `StackError` is their base, and each one's text is a sentence for people.

StackError
├── StackRefused        what was asked for cannot be brought up; the text says what would help
└── SupervisionEnded    nobody keeps a process running any more, so everything is taken down
"""


class StackError(RuntimeError):
    """What the stack could not do; the text says why."""


class StackRefused(StackError):
    """What was asked for can't be brought up; the message says why and what would help."""


class SupervisionEnded(StackError):
    """A task that keeps a process running ended by an error that nobody foresaw."""
