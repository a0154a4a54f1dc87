"""How fast skep is, as ratios of what was measured in the same run: ``invoke bench``. See ``run``."""
