"""What is kept on disk: the cache, and the profile folder it lies in."""
