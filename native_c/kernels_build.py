"""Describes the C extension to cffi: one source for float and double, OpenMP where the compiler has it."""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile
from collections.abc import Iterable

from cffi import FFI
from setuptools._distutils.ccompiler import new_compiler
from setuptools._distutils.errors import CCompilerError, DistutilsError
from setuptools._distutils.sysconfig import customize_compiler

PROJECT = pathlib.Path(__file__).resolve().parent
SOURCES = PROJECT / "csrc"
SHARED = ("constants", "rules", "online_o1_rules")
FLOATING_TYPES = {"f32": "float", "f64": "double"}
TYPED_DECLARATIONS = ("network", "eprop", "tangent", "stdp", "rstdp", "stepping", "losses")
NEURONS_BACKWARD = ("parameter_gradient", "surrogate", "neurons_subtract_backward", "neurons_backward")
TYPED_UNITS = {
    "forward": (
        "vectors",
        "network",
        "events",
        "dense",
        "neurons_subtract",
        "arrivals",
        "neurons",
        "forward",
    ),
    "backward": ("vectors", "network", "dense", *NEURONS_BACKWARD, "gather", "backward"),
    "weight_gradient": ("vectors", "network", "dense", "gather", "weight_gradient"),
    "eprop": ("network", "eprop"),
    "tangent": ("vectors", "network", *NEURONS_BACKWARD, "tangent"),
    "simulation": ("stdp", "rstdp", "stepping"),
    "losses": ("losses",),
}
"""What is compiled together, once for each floating type: the sources of a unit, later ones using earlier ones."""
SINGLE_TYPE_UNITS = ("spikes", "integer", "votes", "bitstreams", "online_o1")
"""Kernels that exist once, for integers or double, each a unit with declarations of its own."""


def declarations() -> str:
    """Return the declarations of all kernels."""

    def read(names: Iterable[str]) -> str:
        return "\n".join((SOURCES / f"{name}.cdef").read_text(encoding="utf-8") for name in names)

    typed = read(TYPED_DECLARATIONS)
    for_types = [
        typed.replace("_REAL", f"_{suffix}").replace("REAL", c) for suffix, c in FLOATING_TYPES.items()
    ]
    return "\n".join([read(SHARED), *for_types, read(SINGLE_TYPE_UNITS)])


def headers() -> str:
    """Return what every unit begins with."""
    return f'#include "platform.h"\n#include "bits.h"\n{declarations()}\n'


def units() -> dict[str, str]:
    """Return the name and the C text of everything that is compiled by itself: a change of one leaves the others."""
    texts = {name: f'#include "{name}.inc"\n' for name in SINGLE_TYPE_UNITS}
    for name, kernels in TYPED_UNITS.items():
        includes = "".join(f'#include "{kernel}.inc"\n' for kernel in kernels)
        for suffix, c_type in FLOATING_TYPES.items():
            macros = {"REAL": c_type, "REAL_BITS": suffix[1:], "NAME(name)": f"name##_{suffix}"}
            defines = "".join(f"#define {macro} {text}\n" for macro, text in macros.items())
            texts[f"{name}_{suffix}"] = defines + includes
    return {name: headers() + text for name, text in texts.items()}


def write_units(folder: pathlib.Path) -> list[str]:
    """Write the units into `folder` and return their paths from here; what is unchanged is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in units().items():
        path = folder / f"{name}.c"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        paths.append(path.relative_to(PROJECT).as_posix())
    return paths


def openmp_flags() -> list[str]:
    """Return the compiler's OpenMP flag if a small program builds with it and SC_OPENMP is not 0."""
    if os.environ.get("SC_OPENMP") == "0" or sys.platform == "win32":
        return []
    compiler = new_compiler()
    customize_compiler(compiler)
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "probe.c"
        program.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
        try:
            objects = compiler.compile([str(program)], output_dir=folder, extra_postargs=["-fopenmp"])
            compiler.link_executable(objects, "probe", output_dir=folder, extra_postargs=["-fopenmp"])
        except (CCompilerError, DistutilsError, OSError):
            return []
    return ["-fopenmp"]


def describe() -> FFI:
    """Return the builder that setuptools compiles."""
    builder = FFI()
    builder.cdef(declarations())
    openmp = openmp_flags()
    builder.set_source(
        "sc_native._kernels",
        headers() + '#include "openmp.inc"\n',
        sources=write_units(PROJECT / "build" / "units"),
        include_dirs=["csrc"],
        depends=[str(path.relative_to(PROJECT)) for path in sorted(SOURCES.iterdir())],
        # Without contraction every clone of a kernel rounds alike; wheels must run on any processor.
        extra_compile_args=[
            "-O3",
            "-std=c11",
            "-ffp-contract=off",
            "-fno-math-errno",
            "-fno-trapping-math",
            "-fvisibility=hidden",
            *openmp,
        ],
        extra_link_args=[*openmp, *([] if sys.platform == "win32" else ["-lm"])],
        py_limited_api=True,
        # Without a compiler the package still installs, and sc-core runs on its NumPy references.
        optional=True,
    )
    return builder


ffibuilder = describe()
