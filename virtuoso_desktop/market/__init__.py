"""Live state of instruments: mutated in place by one writer on the loop thread, versioned, polled."""
