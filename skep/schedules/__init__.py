"""What runs by itself: schedules as units of systemd, here and on hosts, and how their last runs ended."""
