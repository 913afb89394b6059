"""The self-test: every part for real, and what it says of a machine where a part is missing."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from virtuoso_desktop.app.exit_codes import CannotRun
from virtuoso_desktop.app.self_test import check_profile, run_self_test


def test_here_everything_can_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_self_test(["--json", "--profile", str(tmp_path)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["ok"] is True
    assert [check["name"] for check in result["checks"]] == ["pyside", "profile", "numba", "resources", "clock"]
    assert all(check["ok"] and check["detail"] for check in result["checks"])
    assert list(tmp_path.iterdir()) == []


def test_a_profile_that_cannot_be_made_fails_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run_self_test(["--profile", str(tmp_path / "file" / "profile")]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "FAILED", "ok", "ok", "ok"]
    assert "cannot be written" in lines[1]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_profile_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(CannotRun, match="cannot be written"):
        check_profile(tmp_path / "profile")
