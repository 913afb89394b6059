"""Memory given back to the system, in a process of its own: a mistake would end it."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import re
from pathlib import Path
import llvmlite.binding as llvm
from virtuoso_desktop.kernel.memory import give_back_code, give_back_free

def compile_one():
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    module = llvm.parse_assembly("define i32 @one() { ret i32 1 }")
    return machine.emit_object(module)

def code_kb():
    found = 0
    for part in re.split(r"\\n(?=[0-9a-f]+-)", Path("/proc/self/smaps").read_text()):
        head = part.splitlines()[0]
        if " r-xp " in head and "llvmlite" in head:
            found += int(re.search(r"Rss: +(\\d+)", part)[1])
    return found

first = compile_one()
before = code_kb()
assert give_back_code("libllvmlite") > 0
assert give_back_code("no such library") == 0
assert code_kb() < before / 10, (before, code_kb())
give_back_free()
assert compile_one() == first, "what runs again is read again"
"""


@pytest.mark.own_process
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux unloads code on request")
def test_a_compilers_code_is_given_back_and_works_on() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
