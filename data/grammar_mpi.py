from hpcraft.data.grammar_code import Kernel
from hpcraft.data.grammar_words import Style
def write_mpi(kernel: Kernel, style: Style, headers: str) -> str:
    return ""
