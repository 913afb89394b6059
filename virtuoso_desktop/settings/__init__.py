"""The settings: their schema, their files, and what they make of a run."""
