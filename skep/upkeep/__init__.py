"""What is done to a cluster beside ``cluster.up``, as roles of their own: its state saved, what nobody uses removed."""
