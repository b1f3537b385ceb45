"""The benchmark: real workers and a real broker, measured beside baselines on the same machine in the same run.

Real broker, real workers, real commands. What is measured is read from the workers' own durable timelines where it can
be; ratios against the baselines of the same run are the result, and absolute figures are context.
"""
