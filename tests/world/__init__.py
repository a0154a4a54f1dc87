"""A world on which plans are played: hosts, engines and swarms with raft membership, faults and delays.

It is written from Docker's behaviour and never from the roles' code, so that it can contradict them.
"""
