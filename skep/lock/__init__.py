"""The cluster lock: a lease on a majority of managers, and its number, by which hosts refuse what older runs send."""
