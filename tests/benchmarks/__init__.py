"""Measurements against peers, each in one run with them: ``python -m tests.benchmarks [name...] [--quick]``."""
