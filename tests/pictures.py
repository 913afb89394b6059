"""The documentation's pictures: the seeded demo, both themes, both sizes. Run by ``make pictures``.

``python -m tests.pictures [--after S] [--only dark-1280x720]`` writes ``docs/pictures/a1-*.png``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
THEMES = ("dark", "light")
SIZES = ("1280x720", "1600x1000")
LOADED_AFTER_S = 60
"""All 245 series of the demo are there after about 45 s."""


def take(theme: str, size: str, after_s: int, profile: Path) -> Path:
    """Run the demo for one picture and return its path; raises CalledProcessError when the program fails."""
    picture = FOLDER / f"a1-{theme}-{size}.png"
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"), "TZ": "UTC"}
    subprocess.run(
        [
            *(sys.executable, "-m", "virtuoso_desktop", "--demo", "--profile", str(profile)),
            *("--set", f"ui.theme={theme}", "--screenshot", str(picture), "--after", str(after_s), "--size", size),
        ],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    return picture


def main() -> None:
    """Take the pictures one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--after", type=int, default=LOADED_AFTER_S, help="seconds before each picture")
    parser.add_argument("--only", help="one picture, such as dark-1280x720")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        for size in SIZES:
            if arguments.only not in (None, f"{theme}-{size}"):
                continue
            with tempfile.TemporaryDirectory(prefix="virtuoso-pictures-") as profile:
                print(take(theme, size, arguments.after, Path(profile)).relative_to(ROOT))


if __name__ == "__main__":
    main()
