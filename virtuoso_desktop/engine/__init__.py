"""The running system: what is watched, in which order history loads, what both faces read."""
