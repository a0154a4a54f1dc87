"""What the lab tests stand on: hosts seen as root, the tool driven as a user drives it, and witnesses of a run."""
