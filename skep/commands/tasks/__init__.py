"""Tasks as they are declared: one file a noun. What they do is in the modules beside this folder."""
