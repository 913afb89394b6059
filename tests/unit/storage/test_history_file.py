"""The history's file: rows back as they came, revisions, covered time, the cap, and every bad file."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.history_rows import BTC, BTC_1M, ETH_1M, T0_MS, at, batch, candles
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.faults import FaultKind
from virtuoso_desktop.storage.history_faults import HistoryFault, wal_of
from virtuoso_desktop.storage.history_file import HistoryFile, common_length
from virtuoso_desktop.storage.history_rows import Batch, HistoryKind, SeriesKey
from virtuoso_desktop.storage.ranges import joined

EVER = 2**60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.duckdb"


@pytest.fixture
def file(path: Path) -> Iterator[HistoryFile]:
    opened = HistoryFile(path)
    yield opened
    opened.close()


def all_of(file: HistoryFile, key: SeriesKey = BTC_1M) -> np.ndarray:
    return file.read(key, 0, EVER)


def test_rows_come_back_to_the_last_bit_in_the_next_run(path: Path) -> None:
    first = HistoryFile(path)
    rows = candles(0, 500)
    rows[5] = np.random.default_rng(1).random(500)
    assert first.store([Batch(BTC_1M, rows, ((at(0), at(500)),))]) == (500, 0)
    first.close()
    second = HistoryFile(path)
    assert np.array_equal(all_of(second), rows)
    assert second.covered(BTC_1M) == ((at(0), at(500)),)
    assert second.covered(ETH_1M) == ()
    second.close()


def test_the_same_rows_again_change_nothing_and_others_are_revisions(file: HistoryFile) -> None:
    file.store([batch(0, 100)])
    assert file.store([batch(50, 120)]) == (20, 0)
    assert file.store([batch(10, 13, shift=0.5)]) == (0, 3)
    rows = all_of(file)
    assert rows.shape == (7, 120)
    assert np.array_equal(rows[:, 10:13], candles(10, 13, shift=0.5))
    assert np.array_equal(rows[:, 13:], candles(13, 120))
    (info,) = file.info().series
    assert (info.rows, info.revised, info.covered_ratio) == (120, 3, 1.0)


def test_within_one_transaction_the_last_word_holds(file: HistoryFile) -> None:
    file.store([batch(0, 10), batch(5, 6, shift=0.3), batch(0, 4, key=ETH_1M), batch(5, 6, shift=0.7)])
    assert np.array_equal(all_of(file)[:, 5], candles(5, 6, shift=0.7)[:, 0])
    assert all_of(file).shape[1] == 10
    assert np.array_equal(all_of(file, ETH_1M), candles(0, 4))


def test_a_file_of_an_older_program_without_some_tables_is_read(path: Path, file: HistoryFile) -> None:
    file.store([batch(0, 10)])
    for kind in set(HistoryKind) - {HistoryKind.CANDLES}:
        file._connection.execute(f"DROP TABLE {kind.value}")
    file.close()
    outside = HistoryFile(path, read_only=True)
    assert [each.rows for each in outside.info().series] == [10]
    outside.close()


def test_a_hole_is_known_until_it_is_filled(file: HistoryFile) -> None:
    file.store([batch(0, 10), batch(20, 30)])
    assert file.covered(BTC_1M) == ((at(0), at(10)), (at(20), at(30)))
    assert file.newest(BTC_1M, at(30), 1000).shape[1] == 10, "what lies before the hole does not join"
    assert file.newest(BTC_1M, at(15), 1000).shape[1] == 0
    assert file.info().series[0].covered_ratio == pytest.approx(20 / 30)
    file.store([Batch(BTC_1M, candles(10, 12), ((at(10), at(20)),))])
    assert file.covered(BTC_1M) == ((at(0), at(30)),), "the venue has nothing else there"
    assert file.newest(BTC_1M, at(30), 1000)[0].tolist() == [at(n) for n in (*range(12), *range(20, 30))]


def test_a_row_may_come_later_in_time_that_was_covered_without_one(file: HistoryFile) -> None:
    file.store([Batch(BTC_1M, candles(0, 1), ((at(0), at(50)),))])
    file.store([batch(10, 20)])
    assert all_of(file)[0].tolist() == [at(0), *(at(n) for n in range(10, 20))]


def test_newest_rows_are_those_before_the_asked_time(file: HistoryFile) -> None:
    file.store([batch(0, 50)])
    assert file.newest(BTC_1M, at(40), 7)[0].tolist() == [at(n) for n in range(33, 40)]
    assert file.newest(BTC_1M, at(51), 7).shape == (7, 0), "time that is not covered tells nothing"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (HistoryKind.FUNDING, 1),
        (HistoryKind.OPEN_INTEREST, 1),
        (HistoryKind.LONG_SHORT_RATIO, 2),
        (HistoryKind.MARK_PRICE, 4),
        (HistoryKind.INDEX_PRICE, 4),
        (HistoryKind.PREMIUM_INDEX, 4),
    ],
)
def test_points_are_kept_like_candles(file: HistoryFile, kind: HistoryKind, values: int) -> None:
    key = SeriesKey(BTC, kind, "" if kind is HistoryKind.FUNDING else "1h")
    rows = np.array([[T0_MS, T0_MS + 3_600_000], *[[0.0001, -0.0002]] * values])
    file.store([Batch(key, rows, ((T0_MS, T0_MS + 3_600_001),)), batch(0, 3)])
    assert np.array_equal(file.read(key, 0, EVER), rows)
    assert np.array_equal(file.newest(key, T0_MS + 3_600_001, 1), rows[:, 1:])
    assert {info.kind for info in file.info().series} == {kind.value, "candles"}
    assert file.series == tuple(sorted((key, BTC_1M)))


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(0, 3)), min_size=1, max_size=12))
def test_any_order_of_batches_equals_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int]]
) -> None:
    opened = HistoryFile(tmp_path_factory.mktemp("any") / "history.duckdb")
    truth: dict[int, float] = {}
    for first, count, shift in steps:
        opened.store([batch(first, first + count, shift=shift / 10)])
        truth |= dict(zip(*candles(first, first + count, shift=shift / 10)[[0, 4]].tolist(), strict=True))
    rows = all_of(opened)
    assert dict(zip(*rows[[0, 4]].tolist(), strict=True)) == truth
    assert rows[0].tolist() == sorted(truth)
    assert opened.covered(BTC_1M) == joined((at(first), at(first + count)) for first, count, _ in steps)
    opened.close()


def test_many_rows_are_read_in_windows_without_loss(file: HistoryFile) -> None:
    file.store([batch(0, 150_000), batch(900_000, 1_000_003)])
    rows = all_of(file)
    assert rows.shape[1] == 250_003
    assert np.array_equal(rows[:, :150_000], candles(0, 150_000))
    assert np.array_equal(rows[:, 150_000:], candles(900_000, 1_000_003))


def test_memory_is_given_back_and_the_file_works_on(file: HistoryFile) -> None:
    def held_bytes() -> int:
        row = file._connection.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchone()
        assert row is not None
        return int(row[0])

    noisy = batch(0, 400_000)
    noisy.rows[5:] = np.random.default_rng(2).random((2, 400_000))
    file.store([noisy])
    all_of(file)
    before = held_bytes()
    file.release_memory()
    after = held_bytes()
    assert after < min(before, 9_000_000), (before, after)
    limit = file._connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert limit == ("91.5 MiB",)
    file.store([batch(400_000, 400_010)])
    assert np.array_equal(all_of(file)[:, :400_000], noisy.rows)


# --- disk cap ------------------------------------------------------------------------------------------------------


def test_the_longest_series_lose_their_oldest_rows(file: HistoryFile) -> None:
    days = SeriesKey.candles(BTC, Timeframe.D1)
    file.store([batch(0, 60_000), batch(0, 3_000, key=ETH_1M), batch(0, 500, key=days)])
    assert file.trim(cap_mb=1e6) == 0
    deleted = file.trim(cap_mb=0)
    assert deleted == pytest.approx(6_350, abs=2)
    assert np.array_equal(all_of(file), candles(deleted, 60_000))
    assert file.covered(BTC_1M) == ((at(deleted), at(60_000)),), "what is gone is known as missing"
    assert all_of(file, ETH_1M).shape[1] == 3_000
    assert all_of(file, days).shape[1] == 500
    while file.trim(cap_mb=0):
        pass
    assert [all_of(file, key).shape[1] for key in (BTC_1M, ETH_1M, days)] == [1_000, 1_000, 500]


def test_the_common_length_takes_a_tenth() -> None:
    assert common_length([]) == 1_000
    assert common_length([900, 900]) == 1_000
    for counts in ([100_000], [100_000, 100_000], [100_000, 95_000, 2_000], [50_000] * 20 + [1_000]):
        kept = common_length(counts)
        gone = sum(max(0, count - kept) for count in counts)
        assert gone == pytest.approx(sum(counts) / 10, rel=0.001)


@pytest.mark.timeout(300)
def test_the_file_stays_near_its_cap(path: Path) -> None:
    opened = HistoryFile(path)
    dice = np.random.default_rng(3)
    largest = 0
    for turn in range(50):
        rows = candles(turn * 20_000, (turn + 1) * 20_000)
        rows[5:] = dice.random((2, 20_000))
        opened.store([Batch(BTC_1M, rows, ((at(turn * 20_000), at((turn + 1) * 20_000)),))])
        opened.trim(cap_mb=12)
        largest = max(largest, opened.size_bytes)
    kept = all_of(opened).shape[1]
    opened.close()
    assert largest < 24e6, "the cap and one rewritten row group; without a cap it is 40 MB and grows"
    assert 300_000 < kept < 600_000


# --- bad files -----------------------------------------------------------------------------------------------------


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fault_of(path: Path) -> HistoryFault:
    with pytest.raises(HistoryFault) as caught:
        HistoryFile(path)
    return caught.value


@pytest.mark.parametrize("junk", [b"", b"garbage" * 999, bytes(4096), b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_history_is_called_damaged(path: Path, junk: bytes) -> None:
    path.write_bytes(junk)
    fault = fault_of(path)
    assert fault.kind is FaultKind.DAMAGED
    assert str(path) in fault.user_text
    assert path.read_bytes() == junk


def test_a_foreign_duckdb_file_is_called_damaged(path: Path) -> None:
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE candles (a INTEGER)")
    opened = HistoryFile(path)
    with pytest.raises(HistoryFault):
        opened.store([batch(0, 3)])
    opened.close()


def problem_with(path: Path) -> FaultKind | None:
    opened = None
    try:
        opened = HistoryFile(path)
        assert np.array_equal(all_of(opened), candles(0, 200_000))
        opened.store([batch(0, 1)])
    except HistoryFault as fault:
        return fault.kind
    else:
        return None
    finally:
        if opened is not None:
            opened.close()
        wal_of(path).unlink(missing_ok=True)


def test_any_damage_is_an_error_or_harmless(path: Path) -> None:
    opened = HistoryFile(path)
    opened.store([batch(0, 200_000)])
    opened.close()
    intact = path.read_bytes()
    dice = random.Random(5)
    refused = 0
    for turn in range(45):
        damaged = bytearray(intact)
        if turn % 3 == 0:
            del damaged[dice.randrange(len(damaged)) :]
        else:
            for _ in range(dice.randrange(1, 100)):
                damaged[dice.randrange(len(damaged) if turn % 3 == 1 else 20_000)] = dice.randrange(256)
        path.write_bytes(damaged)
        problem = problem_with(path)
        assert problem in (None, FaultKind.DAMAGED)
        refused += problem is not None
    assert refused > 30


def test_a_newer_format_is_left_alone(path: Path, file: HistoryFile) -> None:
    file.close()
    with duckdb.connect(str(path)) as newer:
        newer.execute("UPDATE meta SET format = 2")
    before = path.read_bytes()
    fault = fault_of(path)
    assert fault.kind is FaultKind.NEWER
    assert path.read_bytes() == before


def test_a_folder_or_an_unreachable_place_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "history.duckdb").mkdir()
    assert fault_of(tmp_path / "history.duckdb").kind is FaultKind.FAILED
    assert fault_of(tmp_path / "nowhere" / "history.duckdb").kind is FaultKind.FAILED


def test_a_full_disk_is_said_and_what_was_stored_stays(path: Path) -> None:
    def fill() -> None:
        for turn in range(1, 100):
            opened.store([batch(turn * 20_000, (turn + 1) * 20_000)])

    opened = HistoryFile(path)
    opened.store([batch(0, 1_000)])
    with files_no_larger_than(400_000), pytest.raises(HistoryFault) as caught:
        fill()
    assert caught.value.kind is FaultKind.FULL, caught.value.user_text
    opened.close()
    again = HistoryFile(path)
    held = again.covered(BTC_1M)
    rows = all_of(again)
    assert held[0] == (at(0), at(1_000))
    assert rows.shape[1] == sum(end - start for start, end in held) // 60_000
    again.close()


def test_a_deleted_file_is_noticed(path: Path, file: HistoryFile) -> None:
    assert file.is_in_place
    path.unlink()
    assert not file.is_in_place
    path.mkdir()
    assert not file.is_in_place
    path.rmdir()


def test_a_look_from_outside_changes_nothing(path: Path, file: HistoryFile) -> None:
    file.store([batch(0, 10)])
    file.close()
    before = path.read_bytes()
    look = HistoryFile(path, read_only=True)
    assert all_of(look).shape[1] == 10
    with pytest.raises(HistoryFault):
        look.store([batch(10, 20)])
    look.close()
    assert path.read_bytes() == before
