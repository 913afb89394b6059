"""Programs that run in the peers' environment, where nothing of ours is installed."""
