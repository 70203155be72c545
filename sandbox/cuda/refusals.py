"""What can't be emulated, by the words that stand for it. Each is named rather than run wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hpcraft.sandbox.cuda.scopes import Structure
from hpcraft.sandbox.cuda.stream import Stream, Text

_HEADERS = re.compile(
    r"""[<"](?:(?P<library>cublas\w*|cudnn\w*|cufft\w*|cusparse\w*|cusolver\w*|cutensor\w*|nccl|nvml|npps?i?\w*|nvjpeg|nvshmem\w*|nvrtc|cuda_gl_interop
    |(?:hip|roc)(?:blas|fft|rand|sparse|solver|tensor)\w*|miopen|rccl|cudaGL|cudla|optix\w*|curand)\.h(?:pp)?|(?P<folder>cutlass|(?:hip|roc)(?:blas|fft|rand|sparse|solver|cub|prim|wmma)|miopen|rccl|thrust/system/cuda|cub|cute|cuda/std|cuda)/\S*|cuda/(?P<part>\w+)
    |(?P<wmma>mma)\.h|(?P<pipeline>cuda_pipeline)\w*\.h|(?P<texture>(?:texture|surface)_\w+)\.h(?:pp)?)[>"]""",
    re.VERBOSE,
)
_WORDS = {
    "__cluster_dims__": "clusters of blocks (__cluster_dims__)",
    "wmma": "tensor cores (wmma)",
    "texture": "textures",
    "surface": "surfaces",
    "cudaTextureObject_t": "textures",
    "cudaSurfaceObject_t": "surfaces",
    "cudaMallocArray": "arrays of CUDA (cudaMallocArray)",
    "cudaMalloc3DArray": "arrays of CUDA (cudaMalloc3DArray)",
    "cudaStreamBeginCapture": "graphs (cudaStreamBeginCapture)",
    "cudaLaunchKernelExC": "extended launches (cudaLaunchKernelExC)",
    "cudaLaunchCooperativeKernelMultiDevice": "launches on several devices",
    "cudaGetDriverEntryPoint": "the driver interface (cudaGetDriverEntryPoint)",
}
_TEMPLATES = ("texture", "surface")
_PREFIXES = {
    "cudaGraph": "graphs",
    "cudaIpc": "memory of other processes",
    "cudaExternal": "memory of other interfaces",
    "cudaImport": "memory of other interfaces",
    "cudaMemPool": "memory pools",
    "cudaBindTexture": "textures",
    "cudaCreateTexture": "textures",
    "cudaCreateSurface": "surfaces",
    "cudaGraphics": "graphics",
    "cudaVDPAU": "graphics",
    "cudaGL": "graphics",
}
_DRIVER = re.compile(r"cu(?:Init|Device|Ctx|Module|Launch|Mem|Func|Stream|Event|Param|Link|Pointer|Graph|Library|Kernel)(?:[A-Z]\w*)?")
_ASSEMBLY = ("asm", "__asm__", "__asm")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsupported:
    """A construct that the emulator doesn't have."""

    construct: str
    line: int


def refusals(text: Text, stream: Stream, found: Structure) -> Iterator[Unsupported]:
    """The constructs of a text that can't be emulated."""
    for indices in text.directives:
        directive = Stream(text, indices, directive=True)
        if directive[0] == "include":
            yield from _include(directive)
        elif directive[0] == "define":
            yield from _assembly(directive, None)
    yield from _assembly(stream, found)
    for at in range(len(stream)):
        if stream.is_name(at) and (construct := _construct(stream, at)):
            yield Unsupported(construct=construct, line=stream.line(at))


def _include(directive: Stream) -> Iterator[Unsupported]:
    name = "".join(directive[at] for at in range(1, len(directive)))
    if _HEADERS.fullmatch(name):
        yield Unsupported(construct=f"the library of {name}", line=directive.line(0))


def _construct(stream: Stream, at: int) -> str:
    word = stream[at]
    if word in _TEMPLATES and stream[at + 1] != "<":
        return ""
    name = f"cuda{word[3:]}" if word.startswith("hip") else word  # HIP names the same things
    if construct := _WORDS.get(name):
        return construct
    declared = stream[at - 1] in (".", "->", "::") or (stream.is_name(at - 1) and stream[at - 1] not in ("return", "else", "do"))
    if stream[at + 1] == "(" and _DRIVER.fullmatch(word) and not declared:
        return f"the driver interface ({word})"
    prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
    return f"{_PREFIXES[prefix]} ({word})" if prefix else ""


def _assembly(stream: Stream, found: Structure | None) -> Iterator[Unsupported]:
    """Inline assembly of the device: PTX. Without a word in it, it is only a fence for the compiler."""
    for at in range(len(stream)):
        if stream[at] not in _ASSEMBLY or (found and found.device_body(at) is None):
            continue
        opened = at + 1
        while stream[opened] in ("volatile", "__volatile__", "goto", "inline"):
            opened += 1
        if stream[opened] == "(" and stream[opened + 1] != '""':
            yield Unsupported(construct="inline assembly (asm)", line=stream.line(at))
