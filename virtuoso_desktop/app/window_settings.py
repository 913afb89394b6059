"""What the settings have to do with the window: the dialog, the looks, starting again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtuoso_desktop.app import warm_start, wiring
from virtuoso_desktop.app.stopping import Again
from virtuoso_desktop.engine.settings_desk import SettingsDesk
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.settings.credentials import SecretStore
from virtuoso_desktop.settings.variables import variable_of
from virtuoso_desktop.ui.settings_access import Restart

if TYPE_CHECKING:
    from virtuoso_desktop.app.run import Run
    from virtuoso_desktop.settings.schema import UiSettings
    from virtuoso_desktop.ui.window import MainWindow

UI_SETTING = "ui."
NAMES_EXCHANGE = "This run names its own exchange on the command line."


def open_settings(run: Run, window: MainWindow) -> SettingsDesk:
    """Give the window its way to the settings, once the engine runs."""
    assert run.settings is not None, "the engine is open"
    source = wiring.settings_source(run.options, run.folder.root)
    desk = SettingsDesk(run.settings, source, run.tasks.spawn, SecretStore())
    access = window.interior.settings
    end = access.attach(desk, _restart(run, window))
    run.settings.subscribe("the window", access.take)
    window.interior.on_detach(end)
    return desk


def _restart(run: Run, window: MainWindow) -> Restart:
    is_demo = run.options.demo
    other = Again.LIVE if is_demo else Again.DEMO
    is_named = not is_demo and (window.source is Source.DEMO or _names_exchange(run))
    return Restart(
        lambda: run.stop.ask_again(Again.SAME),
        lambda: run.stop.ask_again(other),
        NAMES_EXCHANGE if is_named else None,
    )


def _names_exchange(run: Run) -> bool:
    return any(text.strip().startswith("exchanges.bybit.") for text in run.options.overrides)


def show_remembered_looks(run: Run, window: MainWindow, ui: UiSettings, *, is_first: bool) -> None:
    """What the window remembers goes before the settings, unless they changed; the command line before both."""
    named = {text.partition("=")[0].strip() for text in run.options.overrides}
    named |= {f"{UI_SETTING}{name}" for name in type(ui).model_fields if variable_of(("ui", name)) in os.environ}
    before = warm_start.read_appearance(run.folder.reader)

    def counts(name: str) -> bool:
        changed = before is not None and getattr(before, name, None) not in (None, getattr(ui, name))
        return is_first or f"{UI_SETTING}{name}" in named or changed

    looks = {name for name in ("theme", "colour_blind_safe", "motion") if counts(name)}
    window.interior.settings.show_looks(ui, looks)
    if is_first or f"{UI_SETTING}instrument" in named or window.instrument is None:
        window.show_instrument(ui.instrument)
    if (is_first or f"{UI_SETTING}timeframe" in named) and window.instrument is not None:
        window.show_instrument(window.instrument, ui.timeframe)
