"""Every fault of the simulated exchange against the whole program: `python -m tests.reliability` writes the table."""
