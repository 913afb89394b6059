"""What each refusal of Bybit leads to: pauses, half pace, stops with one probe, blocks, breakers by group."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.wire.fake_bybit import TS, fake_rest, ok
from tests.wire.test_bybit_rest import QUICK, adapter, kline
from virtuoso_desktop.exchanges.base import CandleQuery, LinkHole, LinkPhase, Maintenance
from virtuoso_desktop.model.errors import LinkError, ParseError, RateLimited, VenueBlocked, VenueRejected
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
TIME = ok({"timeSecond": "1", "timeNano": "1000000000"})
HASTY = msgspec.structs.replace(QUICK, tries=1, first_probe_s=0.1, most_probe_s=0.2)


def limited(code: int = 10006) -> web.Response:
    headers = {"X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "0", "X-Bapi-Limit-Reset-Timestamp": str(TS + 100)}
    body = {"retCode": code, "retMsg": "Too many visits!", "result": {}, "retExtInfo": {}, "time": TS}
    return web.json_response(body, headers=headers)


async def test_10006_halves_the_pace_for_a_while() -> None:
    settings = msgspec.structs.replace(QUICK, requests_per_s=20.0)
    async with fake_rest() as venue, adapter(venue.url, settings) as a:
        venue.answer = lambda path, query: limited() if len(venue.queries) == 2 else TIME
        await asyncio.gather(*(a.server_time() for _ in range(12)))
        moments = [moment for moment, _, _ in venue.queries]
        gaps = [after - before for before, after in itertools.pairwise(moments[4:])]
        assert min(gaps) >= 0.08, "50 ms apart before, 100 ms after"
        assert len(moments) == 13


async def test_headers_that_leave_nothing_over_pause_before_the_venue_refuses() -> None:
    def last_one(path: str, query: dict[str, str]) -> Any:
        headers = {"X-Bapi-Limit-Status": "0", "X-Bapi-Limit-Reset-Timestamp": str(TS + 400)}
        return web.json_response(TIME, headers=headers if len(venue.queries) == 1 else {})

    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = last_one
        await a.server_time()
        await a.server_time()
        moments = [moment for moment, _, _ in venue.queries]
        assert 0.38 <= moments[1] - moments[0] < 1.5
        assert a.metrics.requests_failed == 0


async def test_429_waits_longer_each_time() -> None:
    async with fake_rest() as venue, adapter(venue.url, msgspec.structs.replace(QUICK, most_retry_s=20.0)) as a:
        venue.answer = lambda path, query: web.Response(status=429) if len(venue.queries) < 3 else TIME
        await a.server_time()
        moments = [moment for moment, _, _ in venue.queries]
        first, second = (after - before for before, after in itertools.pairwise(moments))
        assert first == pytest.approx(2.0, abs=0.3)
        assert second == pytest.approx(4.0, abs=0.3)


@pytest.mark.parametrize(
    ("status", "body", "phase"),
    [(403, "403, access too frequent", LinkPhase.BANNED), (403, "<html>", LinkPhase.BLOCKED),
     (451, "", LinkPhase.BLOCKED)],
)  # fmt: skip
async def test_stops_are_told_apart_and_leave_a_trace_in_the_state(status: int, body: str, phase: LinkPhase) -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        assert a.rest_state.phase is LinkPhase.CONNECTING
        venue.answer = lambda path, query: TIME
        await a.server_time()
        assert a.rest_state.phase is LinkPhase.LIVE
        venue.answer = lambda path, query: web.Response(status=status, text=body)
        with pytest.raises(VenueBlocked if phase is LinkPhase.BLOCKED else RateLimited):
            await a.server_time()
        state = a.rest_state
        assert state.phase is phase
        assert state.next_try_s is not None
        assert 590 < state.next_try_s <= 600
        sent = len(venue.queries)
        with pytest.raises(RateLimited):
            await a.candles(CandleQuery(BTC, Timeframe.M1))
        assert len(venue.queries) == sent
        venue.answer = lambda path, query: TIME
        a.retry_now()
        if phase is LinkPhase.BLOCKED:
            await a.server_time()
            assert a.rest_state.phase is LinkPhase.LIVE
        else:
            with pytest.raises(RateLimited):
                await a.server_time()


async def test_10009_is_a_block_in_words() -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: {"retCode": 10009, "retMsg": "region", "result": {}, "time": TS}
        with pytest.raises(VenueBlocked) as caught:
            await a.server_time()
        assert "region" in caught.value.user_text
        assert a.rest_state.phase is LinkPhase.BLOCKED


async def test_after_a_stop_one_request_probes_for_all() -> None:
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: web.Response(status=403, text="<html>")
        with pytest.raises(VenueBlocked):
            await a.server_time()

        async def slow(path: str, query: dict[str, str]) -> Any:
            await asyncio.sleep(0.1)
            return TIME

        venue.answer = slow
        venue.queries.clear()
        a.retry_now()
        outcomes = await asyncio.gather(*(a.server_time() for _ in range(4)), return_exceptions=True)
        assert sum(isinstance(outcome, VenueBlocked) for outcome in outcomes) == 3
        assert len(venue.queries) == 1
        await a.server_time()


async def test_a_group_that_fails_is_given_up_and_probed_while_others_go_on() -> None:
    def answer(path: str, query: dict[str, str]) -> Any:
        return web.Response(status=503, text="<html>") if path == "/v5/market/kline" else TIME

    async with fake_rest() as venue, adapter(venue.url, HASTY) as a:
        venue.answer = answer
        for _ in range(5):
            with pytest.raises(LinkError):
                await a.candles(CandleQuery(BTC, Timeframe.M1))
            await a.server_time()
        sent = len(venue.queries)
        with pytest.raises(LinkError) as caught:
            await a.candles(CandleQuery(BTC, Timeframe.M1))
        assert "again and again" in caught.value.user_text
        assert "HTTP 503" in caught.value.user_text
        assert len(venue.queries) == sent
        await a.server_time()
        state = a.rest_state
        assert (state.phase, state.groups) == (LinkPhase.MAINTENANCE, ("candles",))
        venue.answer = lambda path, query: kline()
        await asyncio.sleep(0.25)
        await a.candles(CandleQuery(BTC, Timeframe.M1))
        assert a.rest_state.phase is LinkPhase.LIVE


async def test_requests_that_were_given_up_go_at_once_when_the_streams_are_back() -> None:
    patient = msgspec.structs.replace(HASTY, first_probe_s=60.0, most_probe_s=60.0)
    async with fake_rest() as venue, adapter(venue.url, patient) as a:
        venue.answer = lambda path, query: web.Response(status=503, text="<html>")
        for _ in range(6):
            with pytest.raises(LinkError):
                await a.server_time()
        venue.answer = lambda path, query: TIME
        with pytest.raises(RateLimited):
            await a.server_time()
        a.reconnected.emit(LinkHole("bybit.linear.1", TS - 1000, TS, ()))
        await a.server_time()
        assert a.rest_state.phase is LinkPhase.LIVE


async def test_refusals_of_a_question_are_no_failures_of_the_venue() -> None:
    async with fake_rest() as venue, adapter(venue.url, HASTY) as a:
        venue.answer = lambda path, query: {"retCode": 10001, "retMsg": "bad symbol", "result": {}, "time": TS}
        for _ in range(8):
            with pytest.raises(VenueRejected):
                await a.candles(CandleQuery(BTC, Timeframe.M1))
        assert a.rest_state.phase is LinkPhase.LIVE
        assert len(venue.queries) == 8


async def test_announced_maintenance_is_read_and_what_is_over_left_out() -> None:
    rows = [
        {"id": "1", "title": "over", "state": "completed", "begin": "1", "end": "2"},
        {"id": "2", "title": "soon", "state": "scheduled", "begin": "3000", "end": "", "env": 1},
        {"id": "3", "title": "now", "state": "ongoing", "begin": "2000", "end": "4000", "serviceTypes": [5]},
    ]
    async with fake_rest() as venue, adapter(venue.url) as a:
        venue.answer = lambda path, query: ok({"list": rows})
        assert await a.maintenance() == [Maintenance("now", True, 2000, 4000), Maintenance("soon", False, 3000, None)]
        assert venue.queries[0][1] == "/v5/system/status"
        venue.answer = lambda path, query: ok({"list": None})
        with pytest.raises(ParseError):
            await a.maintenance()
