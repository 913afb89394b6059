"""The command line: what it accepts, and what it refuses with one sentence and code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtuoso_desktop.app.arguments import DEFAULT_SIZE, Options, Screenshot, parse


def refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as left:
        parse(argv)
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_nothing_given_is_a_run_on_the_live_market_without_end() -> None:
    options = parse([])
    assert options == Options()
    assert options.ends_after_s is None


def test_every_option_arrives(tmp_path: Path) -> None:
    options = parse(
        [
            "--demo", "--headless", "--config", "own.yaml", "--profile", str(tmp_path), "--set", "universe.size=3",
            "--set", "ui.theme=light", "--speed", "60", "--duration", "12.5", "--report", str(tmp_path / "r.json"),
        ]
    )  # fmt: skip
    assert options == Options(
        demo=True,
        headless=True,
        config=Path("own.yaml"),
        profile=tmp_path,
        overrides=("universe.size=3", "ui.theme=light"),
        speed=60.0,
        duration_s=12.5,
        report=tmp_path / "r.json",
    )
    assert options.ends_after_s == 12.5


def test_a_screenshot_ends_the_run_unless_a_duration_is_given(tmp_path: Path) -> None:
    file = tmp_path / "window.png"
    alone = parse(["--screenshot", str(file), "--after", "3", "--size", "1600x1000"])
    assert alone.screenshot == Screenshot(file, 3.0, (1600, 1000))
    assert alone.ends_after_s == 3.0
    longer = parse(["--screenshot", str(file), "--duration", "20"])
    assert longer.screenshot is not None
    assert longer.screenshot.size == DEFAULT_SIZE
    assert longer.ends_after_s == 20.0


def test_files_are_absolute_whatever_the_folder_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse(["--report", "r.json"]).report == tmp_path / "r.json"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--speed", "2"], "--speed needs --demo"),
        (["--demo", "--speed", "0"], "above 0"),
        (["--demo", "--speed", "nan"], "no finite number"),
        (["--duration", "0"], "seconds above 0"),
        (["--duration", "soon"], "no number"),
        (["--after", "3"], "belong to --screenshot"),
        (["--size", "800x600"], "belong to --screenshot"),
        (["--screenshot", "x.png", "--size", "big"], "width x height"),
        (["--screenshot", "x.png", "--size", "99x600"], "100 to 16384"),
        (["--screenshot", "x.png", "--headless"], "needs the window"),
        (["--screenshot", "x.png", "--after", "9", "--duration", "5"], "over before the screenshot"),
        (["--report", "no/such/folder/r.json"], "does not exist"),
        (["--report", "."], "is a folder"),
        (["--demo", "--set", "exchanges.bybit.testnet=true"], "brings its own market"),
        (["--durations", "3"], "unrecognized arguments"),
        (["--dura", "3"], "unrecognized arguments"),
        (["live"], "unrecognized arguments"),
    ],
)
def test_bad_usage_is_one_sentence(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in refusal(capsys, *argv)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parse(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("virtuoso-desktop 0.")
