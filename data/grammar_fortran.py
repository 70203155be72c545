from hpcraft.data.grammar_code import Kernel
from hpcraft.data.grammar_words import Style
def write_fortran(kernel: Kernel, style: Style, *, openmp: bool = False) -> str:
    return ""
