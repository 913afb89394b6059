from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fake_market import T0_MS, FakeMarket
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.simulator.fault_board import FaultBoard
from virtuoso_desktop.simulator.faults import ENDPOINTS, RULES, Fault, FaultKind, read_faults
from virtuoso_desktop.simulator.query import Listing
from virtuoso_desktop.simulator.rest import RestApi
from virtuoso_desktop.simulator.topics import book_at


class Seconds:
    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def _read(tmp_path: Path, text: str) -> list[Fault]:
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    return read_faults(file, ["BTCUSDT", "ETHUSDT"])


def test_a_file_of_faults(tmp_path: Path) -> None:
    text = """
- {at_s: 5, for_s: 2.5, fault: silent, topic: orderbook.50, symbol: BTCUSDT}
- {at_s: 0, fault: gap, topic: '*'}
- {at_s: 9, for_s: 0, fault: reset, topic: kline}
"""
    assert _read(tmp_path, text) == [
        Fault(5.0, FaultKind.SILENT, "orderbook.50", 2.5, "BTCUSDT"),
        Fault(0.0, FaultKind.GAP, "*"),
        Fault(9.0, FaultKind.RESET, "kline"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "- {at_s: 1, fault: gap, topic: tickers}\n- {at_s: 1, fault: gap, topic: ticker}",
            "entry 2.*did you mean 'tickers'",
        ),
        ("- {at_s: 1, fault: gab, topic: tickers}", "entry 1.*gab"),
        ("- {at_s: soon, fault: gap, topic: tickers}", r"entry 1.*\$\.at_s"),
        ("- {fault: gap, topic: tickers}", "entry 1.*at_s"),
        ("- {at_s: 1, fault: gap, topic: tickers, symbol: BTCUSD}", "entry 1.*did you mean 'BTCUSDT'"),
        ("- {at_s: 1, fault: gap, topic: tickers, sybol: BTCUSDT}", "entry 1.*sybol"),
        ("- {at_s: 1, fault: silent, topic: tickers}", "entry 1.*for_s"),
        ("- {at_s: -1, fault: gap, topic: tickers}", "entry 1.*negative"),
        ("- {at_s: 1, for_s: -1, fault: gap, topic: tickers}", "entry 1.*negative"),
        ("- {at_s: 1, fault: gap, topic: tickers, endpoint: kline}", "entry 1.*gap fault has no endpoint"),
        ("- {at_s: 1, fault: empty, topic: tickers}", "entry 1.*empty fault has no topic"),
        ("- {at_s: 1, fault: reset, topic: tickers, endpoint: kline}", "entry 1.*not both"),
        ("- {at_s: 1, fault: empty, endpoint: klines}", "entry 1.*did you mean 'kline'"),
        ("- {at_s: 1, fault: empty, category: lineal}", "entry 1.*did you mean 'linear'"),
        ("- {at_s: 1, fault: crossed, topic: tickers}", "entry 1.*orderbook topics only"),
        ("- {at_s: 1, fault: crossed, endpoint: kline}", "entry 1.*endpoint orderbook only"),
        ("- {at_s: 1, fault: late_candle, topic: orderbook.50}", "entry 1.*kline topics only"),
        ("- {at_s: 1, fault: dead}", "entry 1.*needs for_s"),
        ("- {at_s: 1, fault: maintenance}", "entry 1.*needs for_s"),
        ("- {at_s: 1, fault: clock_skew}", "entry 1.*needs skew_s"),
        ("- {at_s: 1, fault: delisting}", "entry 1.*needs symbol"),
        ("- {at_s: 0, fault: listing, symbol: BTCUSDT}", "entry 1.*needs at_s"),
        ("- {at_s: 1, fault: gap, code: 5}", "entry 1.*gap fault has no code"),
        ("- {at_s: 1, fault: close, code: 1006}", "entry 1.*between 1000 and 4999, not 1006"),
        ("- {at_s: 1, fault: server_error, code: 200}", "entry 1.*between 500 and 599"),
        ("- {at_s: 1, fault: gap, probability: 0}", "entry 1.*probability"),
        ("- {at_s: 1, fault: gap, probability: 1.5}", "entry 1.*probability"),
        ("- {at_s: 1, fault: slow, delay_s: -1}", "entry 1.*delay_s"),
        ("- {at_s: 1, fault: flood, times: 0}", "entry 1.*times"),
        ("- {at_s: 1, fault: no_pong, for_s: 1, symbol: BTCUSDT}", "entry 1.*no symbol"),
        ("- {at_s: 1, fault: maintainance, for_s: 5}", "entry 1.*did you mean 'maintenance'"),
        ("at_s: 1", "must be a list"),
        ("- word", "entry 1"),
        ("- {at_s: 1, fault: gap\n- x: [", "line 2"),
        ("", "must be a list"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_the_reason(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        _read(tmp_path, text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        read_faults(tmp_path / "nowhere.yaml", [])
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_faults(binary, [])


@pytest.mark.parametrize(
    ("topic", "kind", "meant"),
    [
        ("*", "kline.5", True),
        ("orderbook", "orderbook.50", True),
        ("orderbook.50", "orderbook.50", True),
        ("orderbook.5", "orderbook.50", False),
        ("kline.1", "kline.15", False),
        ("tickers", "publicTrade", False),
    ],
)
def test_which_topics_a_fault_means(topic: str, kind: str, meant: bool) -> None:
    assert Fault(0, FaultKind.GAP, topic).matches(kind, "BTCUSDT") is meant
    assert not Fault(0, FaultKind.GAP, topic, symbol="ETHUSDT").matches(kind, "BTCUSDT")


def test_a_gap_without_duration_strikes_each_topic_once() -> None:
    seconds = Seconds()
    board = FaultBoard(seconds, ManualClock())
    board.inject(Fault(2.0, FaultKind.GAP, "orderbook"))
    assert board.strike("linear a", "orderbook.50", "A") is None
    seconds.now_s += 2.0
    assert board.strike("linear a", "orderbook.50", "A") is not None
    assert board.strike("linear a", "orderbook.50", "A") is None
    assert board.strike("spot a", "orderbook.50", "A") is not None
    assert board.strike("linear a", "tickers", "A") is None


def test_a_gap_with_duration_strikes_once_a_second_until_it_is_over() -> None:
    seconds = Seconds()
    board = FaultBoard(seconds, ManualClock())
    board.inject(Fault(0.0, FaultKind.GAP, "orderbook.50", for_s=3.0))
    strikes = 0
    for _ in range(50):
        strikes += board.strike("a", "orderbook.50", "A") is not None
        seconds.now_s += 0.1
    assert strikes == 3


def test_silence_lasts_as_long_as_it_says() -> None:
    seconds = Seconds()
    board = FaultBoard(seconds, ManualClock())
    board.inject(Fault(1.0, FaultKind.SILENT, "tickers", for_s=2.0, symbol="A"))
    assert not board.silences("tickers", "A")
    seconds.now_s += 1.0
    assert board.silences("tickers", "A")
    assert not board.silences("tickers", "B")
    assert board.strike("a", "tickers", "A") is not None
    seconds.now_s += 2.0
    assert not board.silences("tickers", "A")
    assert board.strike("a", "tickers", "A") is None


def test_a_reset_without_duration_happens_once_for_all_topics() -> None:
    board = FaultBoard(Seconds(), ManualClock())
    board.inject(Fault(0.0, FaultKind.RESET, "*"))
    assert board.strike("a", "tickers", "A") is not None
    assert board.strike("b", "kline.1", "B") is None


def test_nonsense_is_refused_at_injection() -> None:
    with pytest.raises(ConfigError, match="unknown topic"):
        FaultBoard(Seconds(), ManualClock()).inject(Fault(0.0, FaultKind.GAP, "trades"))


def test_every_kind_has_a_rule_and_a_row_in_the_documentation() -> None:
    assert set(RULES) == set(FaultKind)
    table = (Path(__file__).parents[3] / "docs" / "faults.md").read_text(encoding="utf-8")
    assert [kind.value for kind in FaultKind if f"| `{kind.value}` |" not in table] == []


def test_the_examples_of_the_documentation_are_read(tmp_path: Path) -> None:
    document = (Path(__file__).parents[3] / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = re.findall(r"`(\{at_s: [^`]*\})`", document)
    faults = _read(tmp_path, "\n".join(f"- {row}" for row in rows))
    assert {fault.fault for fault in faults} == set(FaultKind)


def test_the_same_seed_draws_the_same_chances() -> None:
    def drawn(seed: int) -> list[bool]:
        board = FaultBoard(Seconds(), ManualClock())
        board.inject(Fault(0.0, FaultKind.GAP, "*", for_s=10.0, probability=0.5, seed=seed))
        return [board.strike("a", "tickers", "A") is not None for _ in range(60)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 15 < sum(drawn(1)) < 45


def test_a_fault_of_a_category_leaves_the_others_alone() -> None:
    board = FaultBoard(Seconds(), ManualClock())
    board.inject(Fault(0.0, FaultKind.DUPLICATE, category="spot", for_s=5.0))
    assert board.strike("linear a", "tickers", "A", "linear") is None
    assert board.strike("spot a", "tickers", "A", "spot") is not None


def test_a_request_fault_without_duration_happens_to_one_request() -> None:
    board = FaultBoard(Seconds(), ManualClock())
    board.inject(Fault(0.0, FaultKind.EMPTY))
    assert board.request("/v5/market/kline", "linear", "A") is not None
    assert board.request("/v5/market/kline", "linear", "B") is None
    assert board.strike("a", "tickers", "A") is None


def test_the_endpoints_that_faults_know_are_those_of_the_venue() -> None:
    market = FakeMarket()
    api = RestApi(market, Listing(market), lambda instrument: book_at(market, instrument, 1, T0_MS, 1), ManualClock())
    assert set(api.endpoints) == {f"/v5/{endpoint}" for endpoint in ENDPOINTS}
