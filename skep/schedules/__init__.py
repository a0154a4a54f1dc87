"""What runs by itself, and when: schedules, their units of systemd, maintenance windows and freezes."""
