"""A sign and a colour for what happened to a step, and for how a service stands."""

EVENTS = {
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("–", "yellow"),
    "started": ("…", "cyan"),
    "stopping": ("…", "yellow"),
}
STATES = {"done": ("✓", "green"), "moving": ("·", "cyan"), "stuck": ("!", "yellow"), "over": ("✗", "red")}

COLOURS = ("cyan", "green", "yellow", "blue", "magenta", "bright_cyan", "bright_green", "bright_yellow", "bright_blue")
"""Of services in a log; red is left for errors."""
