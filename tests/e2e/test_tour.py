"""A guided tour through the whole program, from the welcome to the restart that finds everything again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.app_program import OFFSCREEN, App
from tests.hands import tour

ROOT = Path(__file__).resolve().parents[2]
MOST_S = 110


def play(script: str, folder: Path, *arguments: str) -> tuple[dict[str, Any], int]:
    """Run the program under the hands of one script; what it saw, and the exit code."""
    into = folder / f"{script}.json"
    name = f"tests.hands.tour:{script}"
    app = App(("-m", "tests.hands.driven", name, str(into), *arguments), OFFSCREEN, module=False)
    try:
        ended = app.ended(MOST_S)
    except subprocess.TimeoutExpired:
        app.process.kill()
        raise
    told: dict[str, Any] = json.loads(into.read_text()) if into.exists() else {"error": ended.err[-3000:]}
    assert "result" in told, f"{told.get('error')}\n{told.get('trace', '')}\n{told.get('words', '')[:3000]}"
    return told["result"], ended.code


def test_from_nothing_to_a_workspace_of_their_own_that_is_there_the_next_day(tmp_path: Path) -> None:
    profile = ("--profile", str(tmp_path / "profile"))
    welcome, code = play("first_start", tmp_path, *profile)
    assert welcome == {"says_what_it_is": True, "clicks": 2}
    assert code == 0
    evening, code = play("evening", tmp_path, "--demo", *profile)
    assert code == 0
    assert (evening["instrument"], evening["charts"], evening["theme"]) == (str(tour.ETH), 2, "light")
    assert (evening["workspace"], evening["filter"]) == (tour.NAME, tour.FILTER)
    assert evening["floating"] == [[["order_book"]]]
    assert len(evening["drawings"]) == 1
    assert sum("rsi" in name for name in evening["studies"]) >= 1
    again, code = play("next_day", tmp_path, "--demo", *profile)
    assert again == evening
    assert code == 0
