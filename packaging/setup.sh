#!/usr/bin/env bash
# Makes .venv and what a target needs; called by the Makefile, repeatable, silent when nothing is missing.
#
#   packaging/setup.sh venv [EXTRA]       Python packages of uv.lock, with the extra `dev` when named
#   packaging/setup.sh qt offscreen|window  Qt's system libraries (window: an X11 display too)
#   packaging/setup.sh peers              .venv-peers with what the benchmarks are compared with
set -euo pipefail
cd "$(dirname "$0")/.."

# Without byte code every start of the program costs 10 s more.
unset PYTHONDONTWRITEBYTECODE VIRTUAL_ENV
export UV_PYTHON_DOWNLOADS=never
# Certificates of a company's proxy stand in the system's list, not in uv's own.
[ ! -s /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"

UV_VERSION=0.13.9

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Installs Debian packages when root or sudo is there. Returns 1 when it may not, with nothing said; ends when apt fails.
apt_install() {
    command -v apt-get >/dev/null || return 1
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || return 1
        as_root=(sudo)
        # Ask for a password only where a person can type one.
        [ -t 0 ] || as_root=(sudo -n)
        "${as_root[@]}" true 2>/dev/null || return 1
    fi
    say "installing $* with apt-get"
    "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update >/dev/null || say "apt-get update failed, trying with the old lists"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@" >/dev/null ||
        die "apt-get could not install $*; what it says is above"
}

# The first Python of a version that every dependency has a wheel for.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# An empty virtual environment with uv in it, at $1.
make_venv() {
    local folder=$1 python
    python=$(find_python) || {
        apt_install python3 python3-venv || true
        python=$(find_python) || die "Python 3.11, 3.12 or 3.13 is missing. Install it (Debian: apt-get install python3 python3-venv) and run make again."
    }
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv "$folder"
    elif command -v uv >/dev/null; then
        uv venv --quiet --allow-existing --python "$python" "$folder"
    else
        apt_install python3-venv || die "The Debian package python3-venv is missing and this user may not install it. Run: sudo apt-get install python3-venv"
        "$python" -m venv "$folder"
    fi
}

# uv of the pinned version inside .venv, whatever the computer has besides.
make_uv() {
    # A folder that was moved, or whose Python was removed, is made anew.
    .venv/bin/python -c 'import sys' 2>/dev/null || { rm -rf .venv; make_venv .venv; }
    [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = "$UV_VERSION" ] && return
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    else
        uv pip install --quiet --python .venv/bin/python "uv==$UV_VERSION"
    fi
}

install_packages() {
    make_uv
    say "installing the Python packages of uv.lock${1:+ with the extra $1} into .venv"
    .venv/bin/uv sync --quiet --frozen --inexact --compile-bytecode --python .venv/bin/python ${1:+--extra "$1"}
}

# Sonames and the Debian packages that bring them: what PySide6's wheels link and do not contain.
QT_OFFSCREEN="libGL.so.1:libgl1 libEGL.so.1:libegl1 libfontconfig.so.1:libfontconfig1 libglib-2.0.so.0:libglib2.0-0
libdbus-1.so.3:libdbus-1-3 libxkbcommon.so.0:libxkbcommon0 libX11.so.6:libx11-6"
QT_WINDOW="$QT_OFFSCREEN libX11-xcb.so.1:libx11-xcb1 libxcb.so.1:libxcb1 libxcb-cursor.so.0:libxcb-cursor0
libxcb-glx.so.0:libxcb-glx0 libxcb-icccm.so.4:libxcb-icccm4 libxcb-image.so.0:libxcb-image0
libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-randr.so.0:libxcb-randr0 libxcb-render.so.0:libxcb-render0
libxcb-render-util.so.0:libxcb-render-util0 libxcb-shape.so.0:libxcb-shape0 libxcb-shm.so.0:libxcb-shm0
libxcb-sync.so.1:libxcb-sync1 libxcb-util.so.1:libxcb-util1 libxcb-xfixes.so.0:libxcb-xfixes0
libxcb-xkb.so.1:libxcb-xkb1 libxkbcommon-x11.so.0:libxkbcommon-x11-0 libwayland-client.so.0:libwayland-client0
libwayland-cursor.so.0:libwayland-cursor0"

# Debian packages of those sonames that the loader does not find, one a line.
missing_libraries() {
    .venv/bin/python - "$@" <<'PYTHON'
import ctypes
import sys

for pair in sys.argv[1:]:
    soname, package = pair.split(":")
    try:
        ctypes.CDLL(soname)
    except OSError:
        print(package)
PYTHON
}

install_qt_libraries() {
    [ "$(uname -s)" = Linux ] || return 0
    local wanted missing
    case $1 in
        offscreen) wanted=$QT_OFFSCREEN ;;
        window) wanted=$QT_WINDOW ;;
        *) die "unknown kind of Qt libraries: $1" ;;
    esac
    # shellcheck disable=SC2086
    missing=$(missing_libraries $wanted)
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086
    apt_install $missing || die "Qt needs system libraries that are missing here, and this user may not install them. Run: sudo apt-get install" $missing
    # shellcheck disable=SC2086
    missing=$(missing_libraries $wanted)
    [ -z "$missing" ] || die "Qt's libraries are still missing after the installation:" $missing
}

# Peers live apart: finplot brings PyQt6, which breaks qasync beside PySide6, and ccxt.pro's pins are not ours.
install_peers() {
    make_uv
    [ -x .venv-peers/bin/python ] || .venv/bin/uv venv --quiet --python .venv/bin/python .venv-peers
    say "installing the benchmarks' peers into .venv-peers"
    .venv/bin/uv pip install --quiet --compile-bytecode --python .venv-peers/bin/python -r tests/benchmarks/peers.txt
    # These declare a GUI toolkit or a broker stack that the comparison must not bring along; what they import is in peers.txt.
    .venv/bin/uv pip install --quiet --compile-bytecode --python .venv-peers/bin/python --no-deps -r tests/benchmarks/peers-no-deps.txt
}

case ${1:-} in
    venv) shift; install_packages "$@" ;;
    qt) install_qt_libraries "${2:-window}" ;;
    peers) install_peers ;;
    *) die "usage: packaging/setup.sh venv [EXTRA] | qt offscreen|window | peers" ;;
esac
