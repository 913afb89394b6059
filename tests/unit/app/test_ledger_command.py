"""``ledger verify|list|export``: what is printed, written, refused, and with which exit code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.journals import rows_of, spoil, write_ledger
from tests.results import ETH, T0_MS, result, transitions
from virtuoso_desktop.app.ledger_command import run_ledger
from virtuoso_desktop.model.result import SignalKind, SignalStrength
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.journal import JOURNAL_FILE
from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger import SHORT_ID
from virtuoso_desktop.storage.ledger_rows import NOTHING, changes, revision

ROWS = 30


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    (tmp_path / "live").mkdir()
    path = tmp_path / "live" / JOURNAL_FILE
    write_ledger(path, transitions(ROWS))
    return path


def run(journal: Path, *argv: str) -> int:
    return run_ledger([*argv, "--profile", str(journal.parent.parent)])


def log_head(journal: Path, number: int) -> None:
    rows = rows_of(journal)
    (journal.parent / "log").mkdir(exist_ok=True)
    with (journal.parent / "log" / "virtuoso.log.1").open("a", encoding="utf-8") as log:
        log.write(f"x INFO y: ledger {(rows[0].hash or '')[:SHORT_ID]}: row {number}, head {rows[number - 1].hash}\n")


def test_a_whole_ledger(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(journal, "verify") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["30 rows, all as they were written", f"head: row 30, {rows_of(journal)[-1].hash}"]
    log_head(journal, 30)
    assert run(journal, "verify") == 0
    assert capsys.readouterr().out.splitlines()[2] == "heads named in the log and found here: 1"
    assert run(journal, "verify", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["bad_row"], found["fault"], found["known_heads"]) == (30, None, None, 1)


def test_an_edited_row_is_named(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(journal, "UPDATE ledger SET body = replace(body, '\"score\":', '\"score\": ') WHERE number = 17")
    assert run(journal, "verify") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("BAD row 17: edited")
    assert lines[1] == "16 rows, as they were written, up to that"
    assert run(journal, "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["bad_row"] == 17
    assert run(journal, "list") == 3
    assert "Row 17 of the ledger was edited" in capsys.readouterr().err
    assert run(journal, "list", "--limit", "5") == 0


def test_a_ledger_that_was_cut_is_known_from_the_log_and_from_a_noted_head(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_head(journal, 25)
    head = rows_of(journal)[24].hash or ""
    assert run(journal, "verify", "--head", head.upper()) == 0
    spoil(
        journal,
        "DELETE FROM ledger WHERE number > 20",
        "UPDATE chain SET number = 20, hash = (SELECT hash FROM ledger WHERE number = 20)",
    )
    capsys.readouterr()
    assert run(journal, "verify") == 1
    assert "BAD row 21: missing: rows 21 to 25 were cut off" in capsys.readouterr().out
    (journal.parent / "log" / "virtuoso.log.1").unlink()
    assert run(journal, "verify") == 0
    assert run(journal, "verify", "--head", head) == 1
    assert "no row has the hash" in capsys.readouterr().out


@pytest.mark.parametrize("junk", [b"", b"garbage" * 999, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_journal_is_bad(journal: Path, junk: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    journal.write_bytes(junk)
    assert run(journal, "verify") == 1
    assert capsys.readouterr().out.startswith("BAD row 1: no row can be read")
    assert run(journal, "list") == 3
    assert "damaged" in capsys.readouterr().err
    assert journal.read_bytes() == junk


def test_an_empty_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "live").mkdir()
    path = tmp_path / "live" / JOURNAL_FILE
    JournalFile(path).close()
    assert run(path, "verify") == 0
    assert capsys.readouterr().out == "The ledger is empty.\n"
    assert run(path, "list") == 0
    assert capsys.readouterr().out == "No row fits.\n"
    assert run(path, "export", "--out", str(tmp_path / "none.csv")) == 0
    assert len(pd.read_csv(tmp_path / "none.csv").columns) > 100


@pytest.mark.parametrize("command", [("verify",), ("list",), ("export", "--out", "never.csv")])
def test_without_a_ledger(journal: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(journal, *command, "--source", "testnet") == 3
    text = capsys.readouterr().err
    assert "There is no ledger" in text
    assert "Sources with a ledger here: live" in text
    assert run(journal, *command, "--source", "../live") == 2
    assert not Path("never.csv").exists()


@pytest.mark.parametrize(
    "argv",
    [
        ("list", "--instrument", "BTCUSDT"),
        ("list", "--timeframe", "7m"),
        ("list", "--since", "yesterday"),
        ("export", "--out", "some.xlsx"),
        ("export", "--out", "nowhere/at/all.csv"),
    ],
)
def test_bad_usage(journal: Path, argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(journal, *argv) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("argv", [("list", "--limit", "0"), ("list", "--limit", "many"), ("verify", "now"), ()])
def test_bad_arguments(argv: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_ledger(argv)
    assert ended.value.code == 2


def test_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["--help"], ["verify", "--help"]):
        with pytest.raises(SystemExit):
            run_ledger(argv)
        assert "1  verify: the ledger is damaged, edited or cut" in capsys.readouterr().out


def test_the_list(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(journal, "list", "--limit", "4") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert [line[0] for line in lines[2:-1]] == ["27", "28", "29", "30"]
    assert lines[-1][:6] == ["Opinion", "of", "the", "model,", "not", "advice."]
    assert run(journal, "list", "--instrument", str(ETH), "--json", "--timeframe", "5m") == 0
    rows = json.loads(capsys.readouterr().out)
    expected = [number for number, each in enumerate(transitions(ROWS), 1) if each.result.instrument_id == ETH]
    assert [each["row"]["number"] for each in rows] == expected
    assert rows[0]["hash"] == rows_of(journal)[expected[0] - 1].hash
    since = pd.Timestamp(T0_MS + 10 * Timeframe.M5.duration_ms, unit="ms", tz="UTC").isoformat()
    assert run(journal, "list", "--since", since, "--json") == 0
    closes = [each["row"]["close_ms"] for each in json.loads(capsys.readouterr().out)]
    assert min(closes) >= T0_MS + 10 * Timeframe.M5.duration_ms
    assert len(closes) < ROWS


def test_a_score_that_is_missing_is_a_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "live").mkdir()
    path = tmp_path / "live" / JOURNAL_FILE
    bought = changes(NOTHING, result(0, SignalKind.BUY, SignalStrength.STRONG, score=81.5))
    held, gone = bought[0].after, result(1, score=None, reason="data [bold] :x:")
    weaker = changes(held, result(1, SignalKind.BUY, SignalStrength.MODERATE))
    write_ledger(path, [*bought, *weaker, *changes(weaker[0].after, gone), revision(held, gone)])
    assert run(path, "list") == 0
    out = capsys.readouterr().out
    assert "entered BUY STRONG" in out
    assert "BUY STRONG → MODERATE" in out
    assert "revised BUY STRONG → NEUTRAL NONE" in out
    last = next(line for line in out.splitlines() if "data [bold] :x:" in line)
    assert "—" in last
    assert "exited BUY" in last


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_tables(journal: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / name
    assert run(journal, "export", "--out", str(out), "--limit", "20") == 0
    assert capsys.readouterr().out == f"20 rows of the ledger written to {out}\n"
    frame = pd.read_csv(out) if name.endswith("csv") else pd.read_parquet(out)
    told = transitions(ROWS)[10:]
    assert frame["number"].tolist() == list(range(11, 31))
    assert frame["hash"].tolist() == [row.hash for row in rows_of(journal)[10:]]
    assert frame["close_ms"].tolist() == [each.result.metadata.last_candle_ms for each in told]
    assert frame["score"].tolist() == [each.result.confluence_score for each in told]
    assert frame["technical_score"].tolist() == [_of(each.result, "technical").score for each in told]
    assert frame["rsi_points"].tolist() == [_of(each.result, "technical").components["rsi"].points for each in told]
    assert frame["funding_rate_score"].isna().all()
    assert set(frame["funding_rate_reason"]) == {"MISSING"}
    assert list(tmp_path.glob(".*")) == []


def _of(given, dimension: str):
    return next(found for name, found in given.dimensions.items() if name.value == dimension)


def test_lines_can_be_verified_by_themselves(journal: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.dat"
    assert run(journal, "export", "--out", str(out), "--format", "jsonl") == 0
    previous = "0" * 64
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == ROWS
    for line in lines:
        each = json.loads(line)
        body = json.dumps(each["row"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(body.encode()).hexdigest() == each["hash"]
        assert each["row"]["previous"] == previous
        previous = each["hash"]


def test_a_file_that_cannot_be_written(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(journal, "export", "--out", "/dev/full/rows.csv") == 2
    assert run(journal, "export", "--out", "/proc/rows.csv") == 3
    assert "cannot be written" in capsys.readouterr().err


def test_a_look_changes_nothing(journal: Path) -> None:
    before = journal.read_bytes()
    for argv in (("verify",), ("list",)):
        run(journal, *argv)
    assert journal.read_bytes() == before


def test_a_journal_of_a_newer_program_is_refused_in_words(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(journal, "PRAGMA user_version = 99")
    assert run(journal, "verify") == 3
    assert "newer version" in capsys.readouterr().err
