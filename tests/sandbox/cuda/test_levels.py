"""How far CUDA is taken: what each level builds and runs, and what ``auto`` comes to on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hpcraft.sandbox import Job, Run, Verdict, build, run, toolchains, tools
from hpcraft.sandbox.cuda import levels
from hpcraft.sandbox.cuda.device import Device, device
from hpcraft.sandbox.cuda.flags import architectures, host_flags, link_flags
from hpcraft.sandbox.isolation import probe

Need = Callable[..., None]
SUM = b"""#include <cstdio>
__global__ void add(int *s) { atomicAdd(s, (int)threadIdx.x + 1); }
int main() {
    int *s, host = 0;
    if (cudaMalloc(&s, sizeof *s) != cudaSuccess) return 3;
    cudaMemcpy(s, &host, sizeof host, cudaMemcpyHostToDevice);
    add<<<1, 100>>>(s);
    cudaMemcpy(&host, s, sizeof host, cudaMemcpyDeviceToHost);
    printf("sum %d\\n", host);
}
"""
JOB = Job(files={"sum.cu": SUM}, language="cpp", model="cuda")
ELSEWHERE = Device(name="NVIDIA Test, driver 1", architecture="sm_90", nodes=(), libraries=())


def _with(monkeypatch: pytest.MonkeyPatch, found: Device | str) -> None:
    """Let the sandbox believe in a device, or in none."""
    for place in ("builder", "environment", "toolchains", "words", "cuda.levels"):
        monkeypatch.setattr(f"hpcraft.sandbox.{place}.device", lambda: found)


def test_auto_emulates_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """A laptop runs CUDA without being told how, and the outcome says which level it was."""
    need("bwrap", "g++")
    _with(monkeypatch, "no GPU")
    outcome = run(JOB)
    assert (outcome.verdict, outcome.cuda_level, outcome.cuda_device, outcome.stdout) == (Verdict.OK, "emulate", None, "sum 5050\n")


def test_auto_takes_the_device_and_leaves_it_for_what_only_the_emulation_can(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """Checks and several orders exist on the processor alone; a family of compilers says where a program is meant to run."""
    need("nvcc", "g++")
    _with(monkeypatch, ELSEWHERE)
    assert levels.resolved(JOB).cuda == "device"
    assert levels.resolved(replace(JOB, check="race")).cuda == "emulate"
    assert levels.resolved(replace(JOB, run=Run(schedules=3))).cuda == "emulate"
    assert levels.resolved(replace(JOB, compiler="gcc")).cuda == "emulate"
    assert levels.resolved(replace(JOB, model="hip")).cuda == "emulate"
    assert levels.resolved(replace(JOB, cuda="compile")).cuda == "compile"
    _with(monkeypatch, "no GPU")
    assert levels.resolved(replace(JOB, compiler="nvcc")).cuda == "compile"


def test_the_device_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """The verdict is unsupported, with what is missing and what is allowed, and the level stands in the outcome."""
    need("bwrap", "nvcc")
    _with(monkeypatch, "no NVIDIA GPU is on this machine; allowed: the level emulate")
    outcome = run(replace(JOB, cuda="device"))
    assert (outcome.verdict, outcome.cuda_level) == (Verdict.UNSUPPORTED, "device")
    assert "no NVIDIA GPU" in outcome.message
    assert "allowed: compile emulate" in run(replace(JOB, model="hip", files={"sum.hip": SUM}, cuda="device")).message


def test_the_device_build_names_its_architecture_and_links(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """A program is built for the device at hand and linked by nvcc; without a driver it runs into CUDA's own error."""
    need("bwrap", "nvcc", "g++")
    _with(monkeypatch, ELSEWHERE)
    host = b"#include <cuda_runtime.h>\nint devices() { int n = 0; return cudaGetDeviceCount(&n) == cudaSuccess ? n : 0; }\n"
    with build(replace(JOB, files={**JOB.files, "host.cpp": host}, cuda="device")) as built:
        assert built.ok, built.outcome.compile and built.outcome.compile.stderr
        assert built.runnable
        commands = (built.outcome.compile.command if built.outcome.compile else "").splitlines()
        assert [command.count("-arch=sm_90") for command in commands] == [1, 0, 1]
        if isinstance(device(), Device):
            return
        outcome = built.run(Run())
        assert (outcome.verdict, outcome.exit_code, outcome.cuda_level, outcome.cuda_device) == (
            Verdict.RUNTIME_ERROR,
            3,
            "device",
            ELSEWHERE.name,
        )


def test_an_architecture_that_a_job_names_is_kept(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """Nvcc takes one architecture, so that ours steps back, in compiling and in linking."""
    need("nvcc", "g++")
    _with(monkeypatch, ELSEWHERE)
    plan = toolchains.plan(replace(JOB, cuda="device", flags=("-arch=sm_80", "-rdc=true", "-O3", "-Xcompiler", "-fopenmp")))
    assert isinstance(plan, toolchains.Plan)
    assert plan.link
    for command in plan.commands:
        assert [word for word in command if word.startswith("-arch")] == ["-arch=sm_80"]
        assert "-rdc=true" in command
    assert "-fopenmp" not in plan.link


def test_a_gpu_is_not_shown_where_its_driver_could_not_work(monkeypatch: pytest.MonkeyPatch, need: Need) -> None:
    """The tier landlock refuses what CUDA's driver insists on: that is said, rather than left to the program to find out."""
    need("nvcc", "g++")
    if isinstance(probe("landlock"), str):
        pytest.skip("no Landlock here")
    _with(monkeypatch, ELSEWHERE)
    outcome = run(replace(JOB, cuda="device", tier="landlock"))
    assert (outcome.verdict, outcome.cuda_level) == (Verdict.UNSUPPORTED, "device")
    assert "not shown in the tier landlock; allowed: the level emulate" in outcome.message


def test_the_flags_of_nvcc_are_told_apart() -> None:
    """What only nvcc knows is kept from compilers of the host, with the values that stand apart."""
    flags = (
        "-O3",
        "-gencode",
        "arch=compute_80,code=sm_80",
        "-Xcompiler",
        "-fopenmp,-Wall",
        "-Xptxas",
        "-v",
        "-DN=4",
        "-lcudart",
        "-lineinfo",
    )
    assert host_flags(flags) == ("-O3", "-fopenmp", "-Wall", "-DN=4")
    assert architectures(flags) == ("-gencode", "arch=compute_80,code=sm_80")
    assert link_flags(("-rdc=true", *flags)) == ("-rdc=true", "-gencode", "arch=compute_80,code=sm_80")


def test_the_compiler_of_a_wheel_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install nvidia-cuda-nvcc` puts nvcc where PATH doesn't look; one that PATH or CUDA_HOME names goes before."""
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("CUDA_HOME", "CUDA_PATH"):
        monkeypatch.delenv(name, raising=False)

    def install(folder: str) -> str:
        path = tmp_path / folder / "bin/nvcc"
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return str(path)

    wheel = install("nvidia/cu13")
    assert tools.find("nvcc") == wheel
    toolkit = install("toolkit")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "toolkit"))
    assert tools.find("nvcc") == toolkit
    monkeypatch.setenv("PATH", str(Path(wheel).parent))
    assert tools.find("nvcc") == wheel


@pytest.mark.gpu
def test_a_program_runs_on_the_device() -> None:
    """On a machine with a GPU the program's own sum comes back, with the device's name."""
    found = device()
    if isinstance(found, str) or tools.find("nvcc") is None:
        pytest.skip("no GPU, or no nvcc")
    outcome = run(replace(JOB, cuda="device"))
    assert (outcome.verdict, outcome.stdout, outcome.cuda_level, outcome.cuda_device) == (Verdict.OK, "sum 5050\n", "device", found.name)
