"""``python -m virtuoso_desktop``."""

from __future__ import annotations

from virtuoso_desktop.app.main import main

if __name__ == "__main__":
    main()
