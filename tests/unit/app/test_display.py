"""Whether a window can be shown, for every mixture of environment and answering servers."""

from __future__ import annotations

import pytest

from virtuoso_desktop.app.display import Display, find_display

DEAD = "does not answer"


@pytest.mark.parametrize(
    ("environ", "x11", "wayland", "expected"),
    [
        ({}, None, None, Display("neither DISPLAY nor WAYLAND_DISPLAY is set")),
        ({"DISPLAY": ""}, None, None, Display("neither DISPLAY nor WAYLAND_DISPLAY is set")),
        ({"DISPLAY": ":1"}, None, DEAD, Display(None)),
        ({"DISPLAY": ":1"}, DEAD, None, Display("DISPLAY=:1 does not answer")),
        ({"WAYLAND_DISPLAY": "w-0"}, DEAD, None, Display(None, "wayland")),
        ({"WAYLAND_DISPLAY": "w-0"}, None, DEAD, Display("WAYLAND_DISPLAY=w-0 does not answer")),
        ({"WAYLAND_DISPLAY": "w-0", "DISPLAY": ":1"}, None, None, Display(None)),
        ({"WAYLAND_DISPLAY": "w-0", "DISPLAY": ":1"}, None, DEAD, Display(None, "xcb")),
        (
            {"WAYLAND_DISPLAY": "w-0", "DISPLAY": ":1"},
            DEAD,
            DEAD,
            Display("WAYLAND_DISPLAY=w-0 does not answer and DISPLAY=:1 does not answer"),
        ),
        ({"QT_QPA_PLATFORM": "offscreen"}, DEAD, DEAD, Display(None)),
        ({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":1"}, DEAD, DEAD, Display(None)),
        ({"QT_QPA_PLATFORM": "vnc:size=800x600"}, DEAD, DEAD, Display(None)),
        ({"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":1"}, DEAD, None, Display("DISPLAY=:1 does not answer")),
        ({"QT_QPA_PLATFORM": "xcb"}, None, None, Display("neither DISPLAY nor WAYLAND_DISPLAY is set")),
        ({"QT_QPA_PLATFORM": "wayland", "WAYLAND_DISPLAY": "w-0", "DISPLAY": ":1"}, None, DEAD,
         Display("WAYLAND_DISPLAY=w-0 does not answer")),
    ],
)  # fmt: skip
def test_linux(environ: dict[str, str], x11: str | None, wayland: str | None, expected: Display) -> None:
    found = find_display(environ, "linux", try_x11=lambda name: x11, try_wayland=lambda path: wayland)
    assert found == expected


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_others_always_have_a_display(system: str) -> None:
    assert find_display({}, system) == Display(None)


def test_the_socket_of_the_compositor_is_looked_for_in_the_runtime_folder() -> None:
    asked: list[str] = []

    def try_wayland(path: object) -> None:
        asked.append(str(path))

    environ = {"WAYLAND_DISPLAY": "wayland-1", "XDG_RUNTIME_DIR": "/run/user/7"}
    find_display(environ, "linux", try_wayland=try_wayland)
    find_display({**environ, "WAYLAND_DISPLAY": "/tmp/w"}, "linux", try_wayland=try_wayland)
    assert asked == ["/run/user/7/wayland-1", "/tmp/w"]
