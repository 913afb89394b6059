from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desk import DeskRig
from virtuoso_desktop.engine.diagnostics import diagnostic_report, without_secrets
from virtuoso_desktop.kernel.log_lines import LogLine
from virtuoso_desktop.kernel.notices import Severity

HOME = Path("/home/somebody")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("wss://stream.bybit.com/v5/public/linear failed", "wss://stream.bybit.com failed"),
        ("http://user:pass@proxy.local:3128/x", "http://proxy.local:3128"),
        ("https://discord.com/api/webhooks/123/AbC-dEf", "https://discord.com"),
        ("telegram_token=123:abc was refused", "telegram_token=[hidden] was refused"),
        ("API-KEY: s3cr3t", "API-KEY: [hidden]"),
        ("code 4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c", "code [hidden]"),
        ("/home/somebody/.local/x.db is full", "~/.local/x.db is full"),
        ("orderbook.50.BTCUSDT: 3 updates are missing", "orderbook.50.BTCUSDT: 3 updates are missing"),
    ],
)
def test_what_must_not_be_given_away(said: str, left: str) -> None:
    assert without_secrets(said, HOME) == left


@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=40, max_size=60).filter(
        lambda code: any(map(str.isdigit, code))
    )
)
def test_no_long_code_is_left(code: str) -> None:
    assert code not in without_secrets(f"webhook said {code} and more", HOME)


def test_the_report_says_what_system_shows_and_no_secret() -> None:
    rig = DeskRig()
    rig.metrics.messages.update({"tickers": 12})
    rig.notices.post(Severity.ERROR, "alerts", f"{Path.home()}/x: https://hooks.example/T0/secret was refused.")
    view = rig.run_desk.system()
    line = LogLine(1, 1_700_000_000_000, 40, "kernel.tasks", "failed", "Traceback\nValueError: password=hunter2")
    report = diagnostic_report(view, "live", [line])
    for said in ("source live", "bybit: live", "tickers: no value, 12", "Errors (1)", "https://hooks.example was"):
        assert said in report, said
    for hidden in ("secret", "hunter2", str(Path.home())):
        assert hidden not in report, hidden
