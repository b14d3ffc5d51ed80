"""The hook by which an HDL backend comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sc_core.hookspecs.markers import hookspec

if TYPE_CHECKING:
    from sc_core.contracts import HDLBackend


@hookspec
def sc_register_hdl() -> type[HDLBackend]:  # type: ignore[empty-body]
    """Return the class of an HDL backend: it renders designs in one hardware description language.

    Called once per process, when the backend is first asked for by name, by ``sc_core.registry.get("hdl",
    ...)``; sc-hardware asks for it so.

    Returns
    -------
    type
        A class ``cls(**options)`` with

        - ``file_suffix``, an attribute: the suffix of the sources, with the dot;
        - ``emit(design)``: a mapping of file names to the text of the sources. A design is an attrs object of
          the distribution sc-hardware, which describes its fields: memories, widths, datapaths and schedule;
        - ``testbench(design, vectors)``: the same, for a self-checking testbench that applies `vectors`, a
          sequence of mappings from port to value, one per step;
        - ``memory_images(design)``: the same, for the initial contents of the memories;
        - ``lint_command(files)``: the command line, a list of words, that checks `files`.

        Backends are stateless.

    Notes
    -----
    .. versionadded:: 0.1

    Examples
    --------
    A backend for programs that read designs: everything that is in the design, as JSON.

    .. code-block:: toml

        # file: pyproject.toml
        [build-system]
        requires = ["hatchling>=1.27"]
        build-backend = "hatchling.build"

        [project]
        name = "sc-plugin-json-design"
        version = "0.1.0"
        description = "Hardware designs as JSON, an HDL backend for sc-core"
        dependencies = ["attrs>=24.2", "sc-core>=0.1,<0.2"]

        [project.entry-points."sc.hdl"]
        json = "sc_plugin_json_design.hooks"

    .. code-block:: python

        # file: src/sc_plugin_json_design/__init__.py
        # (an empty file)

    .. code-block:: python

        # file: src/sc_plugin_json_design/hooks.py
        from sc_core import hookimpl

        @hookimpl
        def sc_register_hdl():
            from .backend import JSONBackend
            return JSONBackend

    .. code-block:: python

        # file: src/sc_plugin_json_design/backend.py
        import json
        import sys
        import attrs

        class JSONBackend:
            file_suffix = ".json"

            def emit(self, design):
                fields = attrs.asdict(design)
                text = json.dumps(fields, indent=1, default=lambda array: array.tolist())
                return {"design.json": text}

            def testbench(self, design, vectors):
                return {"vectors.json": json.dumps([dict(vector) for vector in vectors])}

            def memory_images(self, design):
                return {}          # design.json holds the memories

            def lint_command(self, files):
                return [sys.executable, "-m", "json.tool", files[0]]

    With it installed, ``sc_core.registry.create("hdl", "json").emit(design)`` returns the text.
    """
