"""Code written for the real cloud has waited for the real cloud: here it meets two ends that can disagree.

The VPC API of 2016-04-28 as far as router interfaces need it. What a status is, a worker says; what workers don't hold
(address ranges, routes, tags, specifications, keys) is kept in `store`.
"""
