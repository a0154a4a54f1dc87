"""What the tasks of this repository itself do."""
