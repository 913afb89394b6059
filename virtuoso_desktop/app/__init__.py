"""The program: command line, wiring, and the two ways to run it, behind a window and without one."""
