"""What the tasks of ``cluster.*`` do."""
