"""Runs: a request is carried out under the lock, round by round, until what is desired is so."""
