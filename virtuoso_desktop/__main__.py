"""``python -m virtuoso_desktop``."""

from __future__ import annotations

from virtuoso_desktop.app.main import run_and_exit

if __name__ == "__main__":
    run_and_exit()
