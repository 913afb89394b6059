"""One running program per folder; a folder that cannot be written is no reason not to run."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.profile import LOCK_FILE, Profile

NOBODY = 65534
HOLD = """
import sys
from pathlib import Path
from virtuoso_desktop.storage.profile import Profile
profile = Profile.open(Path(sys.argv[1]), "demo")
print(profile.usable, flush=True)
sys.stdin.read()
"""


def test_the_folder_is_private_and_named_after_its_source(tmp_path: Path) -> None:
    profile = Profile.open(tmp_path / "p", "demo-127.0.0.1-9001")
    assert profile.usable
    assert profile.problem is None
    assert profile.folder == tmp_path / "p" / "demo-127.0.0.1-9001"
    assert stat.S_IMODE(profile.folder.stat().st_mode) == 0o700
    assert [path.name for path in profile.folder.iterdir()] == [LOCK_FILE]
    profile.close()
    profile.close()


def test_an_open_source_folder_is_made_private_the_root_keeps_its_mode(tmp_path: Path) -> None:
    root = tmp_path / "home"
    (root / "demo").mkdir(parents=True)
    root.chmod(0o755)
    (root / "demo").chmod(0o755)
    Profile.open(root, "demo").close()
    assert stat.S_IMODE((root / "demo").stat().st_mode) == 0o700
    assert stat.S_IMODE(root.stat().st_mode) == 0o755
    Profile.open(tmp_path / "new", "demo").close()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_second_instance_is_told_who_holds_it(tmp_path: Path) -> None:
    first = Profile.open(tmp_path, "demo")
    with pytest.raises(StorageError) as caught:
        Profile.open(tmp_path, "demo")
    assert f"(process {os.getpid()})" in caught.value.user_text
    assert "--profile DIR" in caught.value.user_text
    Profile.open(tmp_path, "live").close()
    first.close()
    Profile.open(tmp_path, "demo").close()


@pytest.mark.own_process
def test_a_killed_instance_frees_its_folder(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "True\n"
        with pytest.raises(StorageError, match=rf"process {holder.pid}\)"):
            Profile.open(tmp_path, "demo")
    finally:
        holder.kill()
        holder.wait(5)
        holder.stdin.close()
        holder.stdout.close()
    Profile.open(tmp_path, "demo").close()


def test_a_folder_that_cannot_be_made_is_run_without(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("")
    profile = Profile.open(tmp_path / "p", "demo")
    assert not profile.usable
    assert profile.problem is not None
    assert profile.problem.startswith("Nothing is stored in this run")
    profile.close()


def test_a_full_disk_is_run_without(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        profile = Profile.open(tmp_path, "demo")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not profile.usable
    with pytest.raises(StorageError):
        Profile.open(tmp_path, "demo")
    profile.close()
    assert [path.name for path in profile.folder.iterdir()] == [LOCK_FILE]


def test_a_read_only_folder_is_run_without(tmp_path: Path) -> None:
    user = os.geteuid()
    tmp_path.chmod(0o500)
    if user == 0:
        os.seteuid(NOBODY)  # root may write everywhere
    try:
        profile = Profile.open(tmp_path, "demo")
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)
    assert not profile.usable
    assert "Permission denied" in (profile.problem or "")


def test_emptying_removes_all_but_the_lock_and_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("x")
    folder = tmp_path / "p" / "demo-fast"
    (folder / "cache").mkdir(parents=True)
    (folder / "cache" / "cache.db").write_text("old")
    (folder / "old.txt").write_text("old")
    (folder / "link").symlink_to(outside)
    profile = Profile.open(tmp_path / "p", "demo-fast", emptied=True)
    assert [path.name for path in folder.iterdir()] == [LOCK_FILE]
    assert (outside / "keep").exists()
    profile.close()


def test_emptying_waits_for_the_lock(tmp_path: Path) -> None:
    first = Profile.open(tmp_path, "demo-fast")
    (first.folder / "mine").write_text("x")
    with pytest.raises(StorageError):
        Profile.open(tmp_path, "demo-fast", emptied=True)
    assert (first.folder / "mine").exists()
    first.close()
