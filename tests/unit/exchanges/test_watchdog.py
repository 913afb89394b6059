"""Silence, judged without a clock or a socket."""

from __future__ import annotations

from virtuoso_desktop.exchanges.base import Subscription, TopicKind
from virtuoso_desktop.exchanges.watchdog import Feed, FeedLimits, FeedWatch, Verdict
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue

LIVELY = FeedLimits(first_data_s=5.0, silence_s=6.0, is_lively=True)
SLOW = FeedLimits(first_data_s=70.0, silence_s=90.0, answer_s=15.0, reconnect_s=60.0)
NEVER = FeedLimits(first_data_s=None, silence_s=None, reconnect_s=None, is_reported=False)
PROBED = FeedLimits(first_data_s=120.0, silence_s=120.0, reconnect_s=None, is_reported=False)
TRADES = FeedLimits(first_data_s=120.0, silence_s=120.0, is_reported=False, missing_s=4.0)


def feed(symbol: str, limits: FeedLimits = LIVELY, *, needs_snapshot: bool = False) -> Feed:
    subscription = Subscription(InstrumentId(Venue.BYBIT, MarketKind.LINEAR, symbol), TopicKind.TICKER)
    return Feed(f"tickers.{symbol}", "tickers", subscription, limits, needs_snapshot)


class Scene:
    """Feeds, subscribed at 0, and the time."""

    def __init__(self, *feeds: Feed) -> None:
        self.feeds = feeds
        self.watch = FeedWatch()
        self.now_s = 0.0
        self.nudges: list[tuple[float, str]] = []
        self.recovered: list[str] = []
        self.reconnects: list[tuple[float, str]] = []
        for each in feeds:
            each.asked(0.0)

    def run(self, until_s: float, *talking: Feed, step_s: float = 0.5) -> Verdict:
        """Let ``talking`` bring a frame each step; nudged feeds are subscribed anew."""
        while True:
            for each in talking:
                each.frames += 1
                each.newest_ms = int(self.now_s * 1000)
            verdict = self.watch.check(self.feeds, self.now_s)
            for each in verdict.nudge:
                self.nudges.append((self.now_s, each.topic))
                each.asked(self.now_s)
            self.recovered += [each.topic for each in verdict.recovered]
            if verdict.reconnect is not None:
                self.reconnects.append((self.now_s, verdict.reconnect))
            if self.now_s >= until_s:
                return verdict
            self.now_s += step_s


def test_living_feeds_are_left_alone() -> None:
    a, b = feed("A"), feed("B")
    scene = Scene(a, b)
    verdict = scene.run(300, a, b)
    assert verdict.is_synced
    assert (scene.nudges, scene.reconnects, verdict.stale) == ([], [], ())


def test_a_silent_feed_is_nudged_then_named_within_8_s_then_costs_a_reconnect() -> None:
    a, b = feed("A"), feed("B")
    scene = Scene(a, b)
    scene.run(10, a, b)
    verdict = scene.run(17.5, a)
    assert scene.nudges == [(16.0, "tickers.B")]
    assert verdict.stale[0].topic == "tickers.B"
    assert verdict.stale[0].newest_ms == 10_000
    assert 17.5 - 10.0 <= 8.0
    scene.run(26.5, a)
    assert scene.reconnects == [(26.0, "tickers.B brings nothing, even subscribed anew")]
    scene.run(300, a)
    assert len(scene.reconnects) == 1, "no second reconnect within five minutes"
    scene.run(400, a)
    assert len(scene.reconnects) == 2
    assert [moment for moment, _ in scene.nudges[:5]] == [16.0, 31.0, 61.0, 121.0, 241.0]


def test_a_quiet_feed_that_answers_its_nudge_is_never_named() -> None:
    a, b = feed("A"), feed("B")
    scene = Scene(a, b)
    scene.run(10, a, b)
    for _ in range(5):
        before = len(scene.nudges)
        while len(scene.nudges) == before:
            assert scene.run(scene.now_s + 0.5, a).stale == ()
        scene.run(scene.now_s + 0.5, a, b)
    assert scene.reconnects == []
    assert scene.recovered == []


def test_a_stale_feed_that_comes_back_is_told_once() -> None:
    a, b = feed("A"), feed("B")
    scene = Scene(a, b)
    scene.run(10, a, b)
    assert scene.run(20, a).stale
    assert scene.run(20.5, a, b).stale == ()
    assert scene.recovered == ["tickers.B"]
    assert b.silent_since_ms == 10_000


def test_a_feed_that_never_brings_data_is_named_and_does_not_hold_up_the_others() -> None:
    a, b = feed("A"), feed("B")
    scene = Scene(a, b)
    assert not scene.run(4.5, a).is_synced
    verdict = scene.run(7, a)
    assert [stale.newest_ms for stale in verdict.stale] == [None]
    assert verdict.is_synced


def test_a_link_on_which_all_is_silent_is_connected_anew_and_names_no_topic() -> None:
    a, b = feed("A"), feed("B")
    scene = Scene(a, b)
    scene.run(10, a, b)
    scene.run(17)
    assert scene.reconnects == []
    scene.run(17.5)
    assert scene.reconnects == [(17.5, "the exchange answers, but sends no data")]


def test_a_nudge_that_waits_to_be_sent_is_not_repeated() -> None:
    a, b = feed("A"), feed("B")
    scene = Scene(a, b)
    scene.run(10, a, b)
    asked_s = b.asked_s
    for now_s in (16.5, 16.55, 16.6):
        a.frames += 1
        verdict = scene.watch.check(scene.feeds, now_s)
        assert [each.topic for each in verdict.nudge] == (["tickers.B"] if now_s == 16.5 else [])
        assert b.asked_s == asked_s


def test_trades_that_still_come_show_that_the_link_lives() -> None:
    a, b, trades = feed("A"), feed("B"), feed("T", NEVER)
    scene = Scene(a, b, trades)
    scene.run(10, a, b, trades)
    verdict = scene.run(19, trades)
    assert scene.reconnects == []
    assert {stale.topic for stale in verdict.stale} == {"tickers.A", "tickers.B"}


def test_slow_topics_have_their_own_limits() -> None:
    a, slow = feed("A"), feed("S", SLOW)
    scene = Scene(a, slow)
    assert scene.run(69, a).is_synced, "a link is live without its candles"
    assert scene.nudges == []
    scene.run(70, a, slow)
    scene.run(159, a)
    assert scene.nudges == []
    assert scene.run(174, a).stale == ()
    assert scene.run(175, a).stale[0].topic == "tickers.S"


def test_topics_that_may_rest_are_probed_but_never_named() -> None:
    a, probed, never = feed("A"), feed("P", PROBED), feed("N", NEVER)
    scene = Scene(a, probed, never)
    verdict = scene.run(1000, a)
    assert verdict.stale == ()
    assert scene.reconnects == []
    assert {topic for _, topic in scene.nudges} == {"tickers.P"}
    assert 2 <= len(scene.nudges) <= 8


def test_a_refused_feed_is_no_silence() -> None:
    a, b = feed("A"), feed("B")
    b.rejected = "handler not found"
    scene = Scene(a, b)
    verdict = scene.run(100, a)
    assert verdict.is_synced
    assert (scene.nudges, scene.reconnects, verdict.stale) == ([], [], ())


def test_a_new_connection_forgets_silence_but_not_in_vain_reconnects() -> None:
    a, b = feed("A"), feed("B")
    scene = Scene(a, b)
    scene.run(10, a, b)
    scene.run(26, a)
    assert len(scene.reconnects) == 1
    scene.watch.reset()
    for each in (a, b):
        each.reset()
        assert not each.is_stale
        each.asked(26.0)
    scene.run(100, a)
    assert len(scene.reconnects) == 1
    assert b.is_stale


def test_a_slow_clock_stretches_every_limit() -> None:
    assert LIVELY.stretched(10.0) == FeedLimits(50.0, 60.0, 15.0, 100.0, is_lively=True)
    assert NEVER.stretched(10.0) == FeedLimits(None, None, 15.0, None, is_reported=False)


def traded(symbol: str) -> tuple[Feed, Feed]:
    """A ticker and the trades that it tells of."""
    ticker, trades = feed(symbol), feed(f"{symbol}.trades", TRADES)
    ticker.proves = trades
    ticker.tell_price(100.0)
    return ticker, trades


def test_trades_that_the_ticker_tells_of_and_that_do_not_come_are_named_then_cost_a_reconnect() -> None:
    ticker, trades = traded("A")
    scene = Scene(ticker, trades)
    scene.run(10, ticker, trades)
    for number in range(40):
        ticker.tell_price(101.0 + number)
        verdict = scene.run(scene.now_s + 0.5, ticker)
        if verdict.stale:
            break
    assert scene.nudges == [(14.0, "tickers.A.trades")]
    assert (scene.now_s, verdict.stale[0].newest_ms) == (15.5, 10_000)
    scene.run(30, ticker)
    assert scene.reconnects == [(24.0, "tickers.A.trades brings nothing, even subscribed anew")]
    assert scene.run(30.5, ticker, trades).stale == ()
    assert scene.recovered == ["tickers.A.trades"]
    assert trades.signs == 0


def test_an_instrument_that_does_not_trade_is_no_silence_and_few_prices_prove_nothing() -> None:
    ticker, trades = traded("A")
    scene = Scene(ticker, trades)
    scene.run(10, ticker, trades)
    for price in (101.0, 101.0, 102.0, 102.0):
        ticker.tell_price(price)
        assert scene.run(scene.now_s + 15, ticker).stale == ()
    ticker.tell_price(103.0)
    scene.run(scene.now_s + 0.5, ticker, trades)
    assert trades.signs == 0
    assert (scene.nudges, scene.reconnects) == ([], [])


def test_a_topic_asked_in_its_quiet_is_asked_anew_before_it_is_blamed() -> None:
    ticker, trades = traded("A")
    scene = Scene(ticker, trades)
    scene.run(150, ticker)
    assert [moment for moment, _ in scene.nudges] == [120.0, 135.0]
    for price in (101.0, 102.0, 103.0):
        ticker.tell_price(price)
    verdict = scene.run(154.5, ticker)
    assert (scene.nudges[-1][0], verdict.stale, scene.reconnects) == (135.0, (), [])
    assert scene.run(158, ticker).stale == ()
    assert scene.nudges[-1][0] == 158.0, "one that never brought anything has twice the time"
    assert scene.run(160, ticker).stale
