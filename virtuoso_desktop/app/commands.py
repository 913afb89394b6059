"""The commands beside a run, each imported when it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from virtuoso_desktop.app.arguments import PROGRAM


def _simulate(arguments: list[str]) -> int:
    from virtuoso_desktop.simulator.command import add_simulate_arguments, run_simulate

    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} simulate",
        description="A simulated exchange on 127.0.0.1 that speaks Bybit v5. Its first line on stdout says where.",
    )
    add_simulate_arguments(parser)
    return run_simulate(parser.parse_args(arguments))


def _self_test(arguments: list[str]) -> int:
    from virtuoso_desktop.app.self_test import run_self_test

    return run_self_test(arguments)


def _history(arguments: list[str]) -> int:
    from virtuoso_desktop.app.history_command import run_history

    return run_history(arguments)


def _ledger(arguments: list[str]) -> int:
    from virtuoso_desktop.app.ledger_command import run_ledger

    return run_ledger(arguments)


def _settings(arguments: list[str]) -> int:
    from virtuoso_desktop.app.settings_command import run_settings

    return run_settings(arguments)


def _doctor(arguments: list[str]) -> int:
    from virtuoso_desktop.app.doctor_command import run_doctor

    return run_doctor(arguments)


def _prepare(arguments: list[str]) -> int:
    from virtuoso_desktop.app.prepare_command import run_prepare

    return run_prepare(arguments)


def _analyze(arguments: list[str]) -> int:
    from virtuoso_desktop.app.analyze_command import run_analyze

    return run_analyze(arguments)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "simulate": _simulate,
    "self-test": _self_test,
    "history": _history,
    "ledger": _ledger,
    "settings": _settings,
    "doctor": _doctor,
    "analyze": _analyze,
    "prepare": _prepare,
}
