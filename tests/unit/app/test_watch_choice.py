"""What a person wants to be watched is written into the settings, and refused in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.engine.test_engine import BTC, ETH, loaded, running, until
from tests.unit.engine.test_guests import SOL, TWO, XRP, market, watched
from tests.unit.engine.test_live_settings import DEFAULT
from virtuoso_desktop.app.watch_choice import WatchChoice
from virtuoso_desktop.engine.live_settings import LiveSettings
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.settings.change import SettingsSource
from virtuoso_desktop.settings.load import USER_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from virtuoso_desktop.kernel.notices import Severity


async def test_watched_and_no_longer_watched(tmp_path: Path) -> None:
    async with running(tmp_path, market(), overrides=TWO) as rig:
        await loaded(rig)
        source = SettingsSource(DEFAULT, tmp_path, overrides=TWO)
        live = LiveSettings(source.load(), source)
        live.subscribe("the market", rig.engine.take_settings)
        told: list[str] = []
        done: list[str] = []

        def tell(_severity: Severity, _where: str, sentence: str) -> None:
            told.append(sentence)

        choice = WatchChoice(live, rig.engine, rig.engine.tasks, tell)

        async def choose(instrument: InstrumentId, wanted: bool) -> None:
            before = len(done) + len(told)
            choice.choose(instrument, wanted, lambda: done.append(instrument.symbol))
            await until(lambda: len(done) + len(told) > before, "the end of the choice")

        await choose(XRP, True)
        assert watched(rig.engine) == {BTC, ETH, XRP}
        assert "bybit:linear:XRPUSDT" in (tmp_path / USER_FILE).read_text()
        await choose(XRP, False)
        assert watched(rig.engine) == {BTC, ETH}
        assert live.current.universe.exclude_symbols == (), "the rules did not choose it"
        await choose(ETH, False)
        assert watched(rig.engine) == {BTC}
        await choose(ETH, True)
        assert watched(rig.engine) == {BTC, ETH}
        assert live.current.universe.include_symbols == live.current.universe.exclude_symbols == ()
        choice.choose(SOL, True, lambda: done.append("SOL"))
        choice.choose(XRP, True, lambda: done.append("XRP"))
        await until(lambda: done[-2:] == ["SOL", "XRP"], "both")
        assert watched(rig.engine) == {BTC, ETH, SOL, XRP}
        assert told == []
        await choose(InstrumentId.parse("bybit:linear:NOSUCHUSDT"), True)
        assert "does not list bybit:linear:NOSUCHUSDT" in told[0]
        assert len(live.current.universe.include_symbols) == 2
