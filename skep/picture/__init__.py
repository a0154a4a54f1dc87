"""A cluster as one page: what stands where, what differs from the inventory, what was done lately."""
