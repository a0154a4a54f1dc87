"""Notices of how scheduled runs ended: to whom, when, and how they are delivered."""
