"""A benchmark that only its author can run proves nothing, so this one is a command, and its rivals run beside it.

Real broker, real workers, real commands. What is measured is read from the workers' own durable timelines where it can
be; ratios against the baselines of the same run are the result, and absolute figures are context.
"""
