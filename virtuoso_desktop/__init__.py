"""Virtuoso Desktop: live crypto market analysis. It analyses; it never places orders."""

__version__ = "0.1.0"
