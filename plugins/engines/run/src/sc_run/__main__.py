"""``python -m sc_run`` is ``scn``."""

from sc_run.cli import main

if __name__ == "__main__":
    main(prog_name="scn")
