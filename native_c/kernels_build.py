"""Describes the C extension to cffi: one source for float and double, OpenMP where the compiler has it."""

from __future__ import annotations

import os
import pathlib
import sys
import tempfile

from cffi import FFI
from setuptools._distutils.ccompiler import new_compiler
from setuptools._distutils.errors import CCompilerError, DistutilsError
from setuptools._distutils.sysconfig import customize_compiler

SOURCES = pathlib.Path(__file__).resolve().parent / "csrc"
KERNELS = (
    "vectors",
    "events",
    "dense",
    "neurons_subtract",
    "neurons",
    "forward",
    "parameter_gradient",
    "surrogate",
    "neurons_subtract_backward",
    "neurons_backward",
    "gather",
    "backward",
    "weight_gradient",
    "eprop",
    "tangent",
    "stdp",
    "stepping",
)
DECLARATIONS = ("network", "eprop", "tangent", "stdp", "stepping")
SHARED = ("constants", "rules", "online_o1_rules")
SINGLE_TYPE_KERNELS = ("integer", "votes", "bitstreams", "online_o1")
"""Kernels that exist once, for integers or double, each with declarations of its own."""
FLOATING_TYPES = {"f32": "float", "f64": "double"}


def declarations(suffix: str, c_type: str) -> str:
    """Return the declarations for one floating type."""
    text = "\n".join((SOURCES / f"{name}.cdef").read_text(encoding="utf-8") for name in DECLARATIONS)
    return text.replace("_REAL", f"_{suffix}").replace("REAL", c_type)


def definitions(suffix: str, c_type: str) -> str:
    """Return C text that includes the kernels for one floating type."""
    macros = {"REAL": c_type, "REAL_BITS": suffix[1:], "NAME(name)": f"name##_{suffix}"}
    lines = [f"#define {name} {text}" for name, text in macros.items()]
    lines += [f'#include "{name}.inc"' for name in KERNELS]
    return "\n".join([*lines, *(f"#undef {name.split('(')[0]}" for name in macros)])


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
    shared = [(SOURCES / f"{name}.cdef").read_text(encoding="utf-8") for name in SHARED]
    typed = [declarations(suffix, c_type) for suffix, c_type in FLOATING_TYPES.items()]
    single = [(SOURCES / f"{name}.cdef").read_text(encoding="utf-8") for name in SINGLE_TYPE_KERNELS]
    builder.cdef("\n".join([*shared, *typed, *single]))
    kernels = [definitions(suffix, c_type) for suffix, c_type in FLOATING_TYPES.items()]
    kernels += [f'#include "{name}.inc"' for name in SINGLE_TYPE_KERNELS]
    headers = [
        '#include "platform.h"',
        '#include "bits.h"',
        *shared,
        *typed,
        *single,
        '#include "openmp.inc"',
    ]
    openmp = openmp_flags()
    builder.set_source(
        "sc_native._kernels",
        "\n".join([*headers, *kernels]),
        include_dirs=["csrc"],
        depends=[str(path.relative_to(SOURCES.parent)) for path in sorted(SOURCES.iterdir())],
        # Without contraction every clone of a kernel rounds alike; wheels must run on any processor.
        extra_compile_args=[
            "-O3",
            "-std=c11",
            "-ffp-contract=off",
            "-fno-math-errno",
            "-fno-trapping-math",
            *openmp,
        ],
        extra_link_args=[*openmp, *([] if sys.platform == "win32" else ["-lm"])],
        py_limited_api=True,
        # Without a compiler the package still installs, and sc-core runs on its NumPy references.
        optional=True,
    )
    return builder


ffibuilder = describe()
