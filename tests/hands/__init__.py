"""A person's hands on the whole program: the tour of the tests, the monkey, and the guide's pictures."""
