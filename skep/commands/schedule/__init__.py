"""What the tasks of ``schedule.*`` do."""
