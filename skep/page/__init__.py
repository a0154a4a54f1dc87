"""Pages for browsers: one look, one file each, nothing asked of anybody."""
