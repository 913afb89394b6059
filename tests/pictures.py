"""The documentation's pictures: the seeded demo in both themes, taken in one run. Run by ``make pictures``.

It takes about a quarter of an hour: the streams' dimensions need ten minutes and a closed candle. Written are
``docs/pictures/a1-THEME-SIZE.png`` (the whole window) and ``docs/guide/pictures/THEME-NAME.png`` (the guide's).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WHOLE = ROOT / "docs" / "pictures"
GUIDE = ROOT / "docs" / "guide" / "pictures"
PATIENCE_S = 2_400


def main() -> int:
    """Take the pictures; 1 when the program or the hands on it failed, and nothing is replaced then."""
    with tempfile.TemporaryDirectory(prefix="virtuoso-pictures-") as folder:
        place = Path(folder)
        told = take(place)
        if "error" in told:
            print(told.get("trace") or told["error"])
            return 1
        for picture in sorted((place / "taken").glob("whole-*.png")):
            keep(picture, WHOLE / picture.name.replace("whole-", "a1-"))
        for picture in sorted((place / "taken" / "guide").glob("*/*.png")):
            keep(picture, GUIDE / f"{picture.parent.name}-{picture.name}")
    return 0


def take(place: Path) -> dict[str, object]:
    """Run the demo under the photographer's hands; returns what they wrote down."""
    into = place / "told.json"
    program = (sys.executable, "-m", "tests.hands.driven", "tests.hands.picture_hands:play", str(into))
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "TZ": "UTC",
        "PICTURES_FOLDER": str(place / "taken"),
    }
    arguments = ("--demo", "--profile", str(place / "profile"))
    subprocess.run([*program, *arguments], cwd=ROOT, env=environment, check=False, timeout=PATIENCE_S)
    return json.loads(into.read_text()) if into.exists() else {"error": "The program ended without a word."}


def keep(picture: Path, where: Path) -> None:
    """Put a picture into its place."""
    where.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(picture, where)
    print(where.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
