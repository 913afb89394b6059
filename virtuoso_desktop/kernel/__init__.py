"""Clock, tasks, signals, paths, log, metrics and notices: what every layer above stands on."""
