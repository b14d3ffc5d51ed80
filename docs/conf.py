"""Sphinx settings.

The source folder is the root, so that docs/, specs/ and the READMEs link to each other as they do on disk.
"""

from __future__ import annotations

import sc_core

project = "sc-core"
author = "The sc-core authors"
copyright = f"2026, {author}"
version = release = sc_core.__version__

root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "specs/**",
    "hdl_backends/*/README.md",
    "plugins/**/README.md",
    "*/README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
]
exclude_patterns = [".*", "**/.*", "docs/_build", "**/src", "tests", "benchmarks", "tools", "runs"]

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings state types, shapes and units
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"sc-core {release}"
