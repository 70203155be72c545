"""What can't be emulated, by the words that stand for it. Each is named rather than run wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hpcraft.sandbox.cuda import assembly
from hpcraft.sandbox.cuda.scopes import Structure
from hpcraft.sandbox.cuda.stream import Stream, Text

_HEADERS = re.compile(
    r"""[<"](?:(?P<library>cublas\w*|cudnn\w*|cufft\w*|cusparse\w*|cusolver\w*|cutensor\w*|nccl|nvml|npps?i?\w*|nvjpeg|nvshmem\w*|nvrtc|cuda_gl_interop
    |(?:hip|roc)(?:blas|fft|rand|sparse|solver|tensor)\w*|miopen|rccl|cudaGL|cudla|optix\w*|curand)\.h(?:pp)?|(?P<folder>cutlass|(?:hip|roc)(?:blas|fft|rand|sparse|solver|cub|prim|wmma)|miopen|rccl|thrust/system/cuda|cub|cute|cuda/std|cuda)/\S*|cuda/(?P<part>\w+)
    |(?P<wmma>mma)\.h|(?P<pipeline>cuda_pipeline)\w*\.h)[>"]""",
    re.VERBOSE,
)
_WORDS = {
    "__cluster_dims__": "clusters of blocks (__cluster_dims__)",
    "wmma": "tensor cores (wmma)",
    "cudaMallocMipmappedArray": "textures with mipmaps",
    "cudaMipmappedArray_t": "textures with mipmaps",
    "cudaArrayCubemap": "cubemap textures",
    "texCubemap": "cubemap textures",
    "tex2Dgather": "gathers of textures (tex2Dgather)",
    "cudaStreamBeginCapture": "graphs (cudaStreamBeginCapture)",
    "cudaLaunchKernelExC": "extended launches (cudaLaunchKernelExC)",
    "cudaLaunchCooperativeKernelMultiDevice": "launches on several devices",
    "cudaStreamTailLaunch": "tail launches (cudaStreamTailLaunch)",
    "cudaGetDriverEntryPoint": "the driver interface (cudaGetDriverEntryPoint)",
}
_PREFIXES = {
    "cudaGraph": "graphs",
    "cudaIpc": "memory of other processes",
    "cudaExternal": "memory of other interfaces",
    "cudaImport": "memory of other interfaces",
    "cudaMemPoolExport": "memory of other processes",
    "cudaMemPoolImport": "memory of other processes",
    "cudaGraphics": "graphics",
    "cudaVDPAU": "graphics",
    "cudaGL": "graphics",
}
_DRIVER = re.compile(r"cu(?:Init|Device|Ctx|Module|Launch|Mem|Func|Stream|Event|Param|Link|Pointer|Graph|Library|Kernel)(?:[A-Z]\w*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsupported:
    """A construct that the emulator doesn't have."""

    construct: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Where a text holds a construct that the emulator doesn't have."""

    unsupported: Unsupported
    stream: Stream
    at: int
    sure: bool
    """Whether every program that holds the text needs it: it stands neither under a condition nor in a macro."""

    def mark(self) -> None:
        """Let the compiler refuse it where it gets that far; `told` finds it in what the compiler says."""
        error = f'GCC error "{_MARK}{self.unsupported.construct}"'
        if self.stream[0] == "include" and not self.at:
            self.stream.remove(1, len(self.stream))
            self.stream.replace(0, f"pragma {error}")
        else:
            self.stream.before(self.at, f"_Pragma({json.dumps(error)}) ")


_MARK = "not emulated: "
_TOLD = re.compile(rf"^(?:\./)?([^:\n]+):(\d+):[^\n]*error: {_MARK}([^\n]*)$", re.MULTILINE)


def told(stderr: str) -> tuple[str, Unsupported] | None:
    """The file and the first construct that a compiler met and was told to refuse."""
    found = _TOLD.search(stderr)
    return (found[1], Unsupported(construct=found[3], line=int(found[2]))) if found else None


def refusals(text: Text, stream: Stream, found: Structure) -> Iterator[Refusal]:
    """The constructs of a text that can't be emulated."""
    for indices in text.directives:
        directive = Stream(text, indices, directive=True)
        if directive[0] == "include" and (library := _library(directive)):
            yield refusal(text, directive, 0, library)
        elif directive[0] == "define":
            yield from _assembly(text, directive, None)
    yield from _assembly(text, stream, found)
    for at in range(len(stream)):
        if stream.is_name(at) and (construct := _construct(stream, at)):
            yield refusal(text, stream, at, construct)


def _assembly(text: Text, stream: Stream, found: Structure | None) -> Iterator[Refusal]:
    for at in assembly.statements(stream, found):
        if not assembly.is_known(stream, at):
            yield refusal(text, stream, at, "inline assembly (asm)")


def refusal(text: Text, stream: Stream, at: int, construct: str) -> Refusal:
    """The refusal of what stands at a position."""
    sure = stream[0] != "define" and not text.conditional(stream.index(at))
    return Refusal(unsupported=Unsupported(construct=construct, line=stream.line(at)), stream=stream, at=at, sure=sure)


def _library(directive: Stream) -> str:
    name = "".join(directive[at] for at in range(1, len(directive)))
    return f"the library of {name.replace(chr(34), chr(39))}" if _HEADERS.fullmatch(name) else ""


def _construct(stream: Stream, at: int) -> str:
    word = stream[at]
    name = f"cuda{word[3:]}" if word.startswith("hip") else word  # HIP names the same things
    if construct := _WORDS.get(name):
        return construct
    declared = stream[at - 1] in (".", "->", "::") or (stream.is_name(at - 1) and stream[at - 1] not in ("return", "else", "do"))
    if stream[at + 1] == "(" and _DRIVER.fullmatch(word) and not declared:
        return f"the driver interface ({word})"
    prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
    return f"{_PREFIXES[prefix]} ({word})" if prefix else ""
