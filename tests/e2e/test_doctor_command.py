"""``doctor`` and ``settings`` as a person gives them, against a venue that runs and beside a program that does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.app_program import log_of, running
from tests.e2e.simulate_program import simulate
from tests.running import until as soon
from virtuoso_desktop.app.arguments import parse
from virtuoso_desktop.app.examination import RunExamination
from virtuoso_desktop.app.logs import RunLog
from virtuoso_desktop.app.run import Run
from virtuoso_desktop.app.run_folder import RunFolder
from virtuoso_desktop.app.stopping import StopRequest
from virtuoso_desktop.exchanges.diagnosis import Check, Finding, Verdict

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="runs whole programs by signal"),
    pytest.mark.deadline_s(60),
]


async def command(*words: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "virtuoso_desktop", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def at(http: str, ws: str) -> list[str]:
    return ["--set", f"exchanges.bybit.rest_endpoint={http}", "--set", f"exchanges.bybit.ws_endpoint={ws}"]


async def diagnose(profile: Path, http: str, ws: str) -> tuple[int, dict[str, Any]]:
    code, out, err = await command("doctor", "--json", "--profile", str(profile), *at(http, ws))
    assert err == ""
    return code, json.loads(out)


def faults(diagnosis: dict[str, Any]) -> list[str]:
    return [finding["check"] for finding in diagnosis["findings"] if finding["verdict"] == "fault"]


async def test_a_venue_that_is_well_ends_with_0(tmp_path: Path) -> None:
    async with simulate() as venue:
        code, found = await diagnose(tmp_path, venue.http, venue.ws)
        assert (code, found["ok"], found["source"], found["cause"]) == (0, True, "demo", None)
        code, out, _ = await command("doctor", "--profile", str(tmp_path), *at(venue.http, venue.ws))
    assert code == 0
    assert out.count("\nok ") == 7
    assert out.endswith("\nEverything that was tried works: data should come.\n")


@pytest.mark.parametrize(
    ("fault", "check", "words"),
    [
        ("ban", "Requests", "has banned this address for a while"),
        ("blocked", "Requests", "does not serve this country"),
        ("clock_skew, skew_s: 10", "Clock", "10.0 s behind Bybit's"),
        ("clock_skew, skew_s: -10", "Clock", "10.0 s ahead of Bybit's"),
        ("maintenance", "Maintenance", "is under maintenance"),
        ("maintenance, code: 503", "Maintenance", "is under maintenance"),
        ("handshake, code: 503", "Live stream", "are down (HTTP 503)"),
        ("html", "Requests", "A web page comes instead of data"),
    ],
)
async def test_what_the_simulated_venue_does_wrong_is_named(tmp_path: Path, fault: str, check: str, words: str) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(f"- {{at_s: 0, for_s: 600, fault: {fault}}}\n")
    async with simulate("--faults", str(file)) as venue:
        code, found = await diagnose(tmp_path / "profile", venue.http, venue.ws)
    assert (code, faults(found)) == (1, [check])
    assert words in found["cause"]


async def test_bad_usage_ends_with_2_and_a_bad_file_is_the_first_cause(tmp_path: Path) -> None:
    assert (await command("doctor", "--set", "universe.sise=3", "--profile", str(tmp_path)))[0] == 2
    (tmp_path / "settings.yaml").write_text("ui:\n  theme: dork\n")
    code, found = await diagnose(tmp_path, "http://127.0.0.1:9", "ws://127.0.0.1:9")
    assert (code, faults(found)) == (1, ["Settings", "Connection"])
    assert "line 2" in found["cause"]


async def test_a_running_program_takes_the_command_settings_up(tmp_path: Path) -> None:
    """Universe and log at once, the proxy not, a symbol that nobody lists refused, a wrong file told."""
    profile = ["--profile", str(tmp_path)]

    async def until(app: Any, words: str) -> None:
        await asyncio.to_thread(app.until, lambda: words in app.out + app.err, words, 20.0)

    async with simulate() as venue:
        with running("--headless", *profile, *at(venue.http, venue.ws)) as app:
            await until(app, "35/35 live")
            assert (await command("settings", "set", "universe.size", "4", *profile))[0] == 0
            await until(app, "Changed by the settings file: universe.size.")
            await until(app, "4/4 live")
            await command("settings", "set", "websocket.log_level", "WARNING", *profile)
            await until(app, "Changed by the settings file: websocket.log_level.")
            await command("settings", "set", "network.proxy", "http://127.0.0.1:9", *profile)
            await until(app, "network.proxy counts from the next start")
            await command("settings", "set", "universe.include_symbols", "[NOSUCHUSDT]", *profile)
            await until(app, "the market refused. Bybit does not list NOSUCHUSDT.")
            (tmp_path / "settings.yaml").write_text("universe:\n  sise: 4\n")
            await until(
                app, "line 2: universe.sise is no setting; did you mean universe.size? The settings in use stay."
            )
            ended, _ = await asyncio.to_thread(app.stop)
    assert ended.code == 1  # an error was shown
    folder = next(path.name for path in tmp_path.glob("demo-*"))
    assert "Changed by the settings file: universe.size" in log_of(tmp_path, folder)


async def test_the_page_in_the_window_examines_the_way_of_its_own_run(tmp_path: Path) -> None:
    async with simulate() as venue:
        options = parse(["--headless", "--profile", str(tmp_path), *at(venue.http, venue.ws)])
        run = Run(options, StopRequest(), RunFolder(options, RunLog()), None)
        try:
            await run.open_engine()
            examination = RunExamination(run)
            told: list[Finding] = []
            ended: list[str | None] = []
            examination.begin(told.append, ended.append)
            await soon(lambda: bool(ended), "the end of the examination")
            assert ended == [None]
            assert tuple(finding.check for finding in told) == tuple(examination.checks) == tuple(Check)
            assert {finding.verdict for finding in told} == {Verdict.OK, Verdict.SKIPPED}
            told.clear()
            examination.begin(told.append, ended.append)
            examination.cancel()
            await soon(lambda: not [name for name in run.tasks.names if name.startswith("app.doctor")], "its end")
            assert (told, ended) == ([], [None])
        finally:
            await run.close()
            run.leave()
            run.folder.leave()
