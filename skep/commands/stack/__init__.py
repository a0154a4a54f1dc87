"""What the tasks of ``stack.*`` do."""
