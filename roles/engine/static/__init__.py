"""Engines from a tarball of the operator's machine, in a place of their own with units of their own."""
