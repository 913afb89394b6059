"""``doctor``: why there are no data, in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from virtuoso_desktop.app.arguments import PROGRAM
from virtuoso_desktop.app.exit_codes import ExitCode, refusal
from virtuoso_desktop.exchanges.diagnosis import Check, Finding, Refusal, Verdict, Words
from virtuoso_desktop.kernel.paths import default_profile
from virtuoso_desktop.model.errors import ConfigError, VirtuosoError

if TYPE_CHECKING:
    from virtuoso_desktop.exchanges.doctor import Doctor, Own
    from virtuoso_desktop.settings.load import LoadedSettings
    from virtuoso_desktop.settings.schema import Settings
    from virtuoso_desktop.settings.source import SourceOfRun

LEAST_FREE_BYTES = 200_000_000
MARKS = {Verdict.OK: "ok", Verdict.FAULT: "FAULT", Verdict.FOLLOWS: "-", Verdict.SKIPPED: "-"}
WELL = "Everything that was tried works: data should come."


class Diagnosis(msgspec.Struct, frozen=True):
    """The whole result, as ``--json`` prints it. ``cause`` is the first fault's sentence."""

    ok: bool
    source: str
    cause: str | None
    findings: list[Finding]


def run_doctor(argv: Sequence[str]) -> int:
    """Examine the way to the exchange; 0 when all is well, else 1."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} doctor",
        description="Why is there no data? Tries every step of the way to the exchange and says what to do.",
        epilog="exit codes: 0 all well, 1 something is wrong, 2 bad usage or settings",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of the profile's own")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="the profile folder")
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="one setting, as for a run"
    )
    given = parser.parse_args(argv)
    try:
        return asyncio.run(_run(given))
    except ConfigError as error:
        return refusal(error)
    except KeyboardInterrupt:
        return ExitCode.ERRORS
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERRORS


async def _run(given: argparse.Namespace) -> ExitCode:
    from virtuoso_desktop.app.arguments import Options
    from virtuoso_desktop.app.wiring import read_settings
    from virtuoso_desktop.settings.source import bybit_source

    root: Path = given.profile or default_profile()
    options = Options(config=given.config, profile=given.profile, overrides=tuple(given.overrides))
    loaded = read_settings(options, root)
    source = bybit_source(loaded.settings.exchanges.bybit)
    doctor = make_doctor(
        source, loaded.settings, os.environ, before=settings_check(lambda: loaded), after={Check.DISK: disk_check(root)}
    )
    findings = await doctor.examine(_keep_silent if given.json else _print)
    faults = [finding for finding in findings if finding.verdict is Verdict.FAULT]
    if given.json:
        result = Diagnosis(not faults, source.source.value, faults[0].says if faults else None, findings)
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")
    else:
        sys.stdout.write(f"\n{told(findings)}\n")
    return ExitCode.ERRORS if faults else ExitCode.DONE


def make_doctor(
    source: SourceOfRun,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    before: dict[Check, Own],
    after: dict[Check, Own],
    known_refusal: Refusal | None = None,
) -> Doctor:
    """The checks for the endpoints and the proxy of a run."""
    from virtuoso_desktop.exchanges.bybit.probe import BYBIT_PROBE
    from virtuoso_desktop.exchanges.doctor import Doctor
    from virtuoso_desktop.exchanges.inquiry import Surroundings
    from virtuoso_desktop.exchanges.network import Network
    from virtuoso_desktop.kernel.clock import LiveClock

    around = Surroundings(
        source.rest_endpoint,
        source.ws_endpoint,
        Network(settings.network.proxy),
        LiveClock().now_ms,
        environment_proxy=_environment_proxy(environ),
        known_refusal=known_refusal,
    )
    return Doctor(around, BYBIT_PROBE, before, after)


def settings_check(load: Callable[[], LoadedSettings]) -> dict[Check, Own]:
    """What is wrong with the user's file: then the endpoints may be other ones than meant."""

    def check() -> Words | str:
        problem = load().problem
        if problem is None:
            return "The settings are right."
        return Words(
            problem.user_text, "Mend the settings file; `virtuoso-desktop settings show` tells what is in use."
        )

    return {Check.SETTINGS: check}


def disk_check(root: Path) -> Own:
    """Whether what is shown can be kept."""

    def check() -> Words | str:
        import shutil

        from virtuoso_desktop.app.self_test import check_profile

        try:
            said = check_profile(root)
        except VirtuosoError as error:
            return Words(error.user_text, "Free space or correct the rights of the folder; data come all the same.")
        free = shutil.disk_usage(root).free
        if free < LEAST_FREE_BYTES:
            return Words(
                f"Only {free / 1e6:.0f} MB are free on the disk of {root}, so that history may not be kept.",
                "Free some space, or lower history.disk_cap_mb; data come all the same.",
            )
        return f"{said}, {free / 1e9:.1f} GB free."

    return check


def _environment_proxy(environ: Mapping[str, str]) -> str | None:
    from virtuoso_desktop.settings.variables import masked

    found = next(
        (environ[name] for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") if environ.get(name)), None
    )
    return None if found is None else masked(found)


def told(findings: Sequence[Finding]) -> str:
    """The result in a sentence or two: the first fault is the cause."""
    faults = [finding for finding in findings if finding.verdict is Verdict.FAULT]
    if not faults:
        return WELL
    more = f" {len(faults) - 1} more to mend, see above." if len(faults) > 1 else ""
    return f"{faults[0].says}\n{faults[0].next_step}{more}"


def _print(finding: Finding) -> None:
    sys.stdout.write(f"{MARKS[finding.verdict]:<5}  {finding.check.value:<11}  {finding.says}\n")
    if finding.next_step is not None:
        sys.stdout.write(f"{'':<20}{finding.next_step}\n")
    sys.stdout.flush()


def _keep_silent(_: Finding) -> None:
    """JSON is printed at the end."""
