"""The house rules that no linter knows. Each message says what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "virtuoso_desktop"
MOST_LINES = 600
LINES_WITHOUT_REASON = 400
SKIPPED_FOLDERS = {"__pycache__", "build", "dist"}
TEXT_SUFFIXES = {".py", ".pyi", ".md", ".toml", ".yaml", ".yml", ".txt", ".sh", ".json", ".cfg", ".svg", ".qss", ""}
# Put together from halves, so that this file does not hold them itself.
FOREIGN_WORDS = re.compile("/wo" + "rk/|/ro" + "ot/|bash_" + "jobs|sub" + "agent")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
BROAD_EXCEPTS = {"kernel/tasks.py": 1, "kernel/signals.py": 1}
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XXX|HA" + r"CK)\b|NotImple" + r"mentedError")
NESTED_LOOP = re.compile(r"\.exec_?\(|QMessageBox\.(question|warning|information|critical)\(|processEvents\(")
OWN_TASK = re.compile(r"asyncio\.(create_task|ensure_future|wait_for)\(")
COLOUR = re.compile(r"""["']#[0-9A-Fa-f]{3,8}["']""")
COLOUR_MODULES = {"theme.py", "tokens.py"}
PATCHED = re.compile(r"mock\.patch|Magic" + r"Mock|monkeypatch\.setattr\(\s*[\"']?virtuoso")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules(folder: Path = PACKAGE) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def texts() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        hidden = inside[0].startswith(".") and len(inside) > 1 and inside[0] != ".ci"
        if not hidden and SKIPPED_FOLDERS.isdisjoint(inside) and path.is_file() and path.suffix in TEXT_SUFFIXES:
            yield path


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_rules_see_the_package() -> None:
    assert len(modules()) > 20


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_a_module_has_one_duty_and_a_docstring(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    count = len(source.splitlines())
    assert count <= MOST_LINES, f"{count} lines: split it into its two duties"
    docstring = ast.get_docstring(ast.parse(source)) or ""
    if source.strip():
        assert docstring, "say in one sentence what the module is for"
    if count > LINES_WITHOUT_REASON:
        assert re.search(r"\b(lines|long|together)\b", docstring), (
            f"{count} lines: split it, or let its docstring say why it is that long"
        )


def test_no_module_is_named_vaguely() -> None:
    vague = [relative(path) for path in modules() if path.stem in VAGUE_NAMES or path.parent.name in VAGUE_NAMES]
    assert not vague, f"name the duty: {vague}"


def test_broad_excepts_stand_in_the_named_places_only() -> None:
    found: dict[str, int] = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node):
                name = path.relative_to(PACKAGE).as_posix()
                found[name] = found.get(name, 0) + 1
    excess = {name: count for name, count in found.items() if count > BROAD_EXCEPTS.get(name, 0)}
    assert not excess, f"catch what you can act on: {excess}"


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """``except:``, ``except Exception``, and ``except BaseException`` that does not raise again."""
    if handler.type is None:
        return True
    names = {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)}
    if "Exception" in names:
        return True
    last = handler.body[-1]
    return "BaseException" in names and not (isinstance(last, ast.Raise) and last.exc is None)


def test_nothing_is_left_unfinished() -> None:
    assert not lines_with(UNFINISHED, modules())


def test_no_nested_qt_loop() -> None:
    found = lines_with(NESTED_LOOP, modules())
    assert not found, f"dialog.open() and an awaited future, never exec(): {found}"


def test_tasks_and_deadlines_are_the_supervisors() -> None:
    found = lines_with(OWN_TASK, [path for path in modules() if path != PACKAGE / "kernel" / "tasks.py"])
    assert not found, f"Supervisor.spawn and asyncio.timeout: {found}"


def test_colours_are_tokens_of_the_theme() -> None:
    found = lines_with(COLOUR, [path for path in modules(PACKAGE / "ui") if path.name not in COLOUR_MODULES])
    assert not found, f"name a token of the theme: {found}"


def test_our_own_modules_are_never_patched() -> None:
    paths = [path for path in modules(ROOT / "tests") if path != Path(__file__)]
    found = lines_with(PATCHED, paths)
    assert not found, f"pass a fake by argument: {found}"


def test_no_foreign_words() -> None:
    found = lines_with(FOREIGN_WORDS, list(texts()))
    assert not found, f"a path or a word that does not belong in the project: {found}"


def test_decisions_are_short() -> None:
    long = {
        relative(path): count
        for path in (ROOT / "docs" / "decisions").glob("*.md")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 40
    }
    assert not long, f"a decision has at most 40 lines: {long}"
