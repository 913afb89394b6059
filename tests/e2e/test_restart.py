"""Starting again: the new run takes the place of the old one, with the arguments of the other market."""

from __future__ import annotations

import subprocess
import sys

import pytest

from virtuoso_desktop import __version__

SCRIPT = """
import os
from virtuoso_desktop.app.restart import start_again
from virtuoso_desktop.app.stopping import Again
print(os.getpid())
start_again(["--demo", "--speed", "9", "--version"], Again.LIVE)
print("never reached")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there a new process is started beside the old one")
def test_the_new_run_takes_the_place_of_the_old_one() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True)
    process_id, _, version = done.stdout.strip().partition("\n")
    assert process_id.isdecimal()
    assert version == f"virtuoso-desktop {__version__}"
