"""Swarm's objects as data: what they are called, what they refer to, and one form in which two can be compared.

Pure, like everything below it: no file, no host and no request. Specs are those of the Engine API.
"""
