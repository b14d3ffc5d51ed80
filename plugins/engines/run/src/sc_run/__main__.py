"""``python -m sc_run`` is ``scn``."""

from sc_run.cli import main

main(prog_name="scn")
