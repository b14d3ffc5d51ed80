"""Write the adaptation benchmark of bounded online learning: the same JSON in every run."""

from __future__ import annotations

import argparse

from sc_plugin_online_o1.adaptation import write_online_o1_adaptation_benchmark


def main(arguments: list[str] | None = None) -> None:
    """Write the file that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, metavar="FILE", help="the JSON file to write")
    benchmark = write_online_o1_adaptation_benchmark(parser.parse_args(arguments).output)
    for section in ("python", "native"):
        result = benchmark[section]
        print(f"{section}: {result['steps_to_target']} steps to {benchmark['target_weight']}")


if __name__ == "__main__":
    main()
