"""What each key of a compose file may hold, as Docker's CLI reads it; ``every`` lists all keys."""
