"""The cloud's API: VPC API of 2016-04-28, as far as router interfaces need it.

Code written for the real cloud meets two ends here that can disagree. What a status is, a worker says; what workers
don't hold (address ranges, routes, tags, specifications, keys) is kept in `store`.
"""
