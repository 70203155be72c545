"""The line that the runtime tells of a fault, and how instructions in it become lines of the source."""

from __future__ import annotations

from hpcraft.sandbox.cuda import faults

_TEXT = "kind=race kernel=k pc=0x10,0x20,0x30 pc2=0x40 block=0,0,0 thread=1,0,0; writes"
_ADDR2LINE = """0x0000000000000010
/usr/include/c++/12/bits/stl_algo.h:5
0x0000000000000020
/usr/include/c++/12/bits/stl_algo.h:9
/src/./a.cu:7 (discriminator 3)
0x0000000000000030
/src/./a.cu:99
0x0000000000000040
/src/cuda-emulation/hpcraft_cuda/kernel.h:12
??:0
"""


def test_all_instructions_of_a_chain_are_looked_up():
    """Those of both places, in order."""
    assert faults.addresses(_TEXT) == ("10", "20", "30", "40")


def test_the_place_is_the_first_line_of_the_programs_own():
    """Lines of libraries, of our headers and of the runtime are nobody's mistake; without a line the instruction stays."""
    assert faults.named(_TEXT, _ADDR2LINE) == "kind=race kernel=k file=a.cu line=7 pc2=0x40 block=0,0,0 thread=1,0,0; writes"
    own = _ADDR2LINE + "0x0000000000000050\n/opt/x/hpcraft/sandbox/cuda/runtime/copy.cc:3\n"
    assert faults.named("kind=bad_free pc=0x50,0x30; freed", own) == "kind=bad_free file=a.cu line=99; freed"
