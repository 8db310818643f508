# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs the figures that script/bench names and prints a table, or with --json one object per figure."""

import json
import subprocess
import sys

from figures import FIGURES, BenchError


def number(value):
    """Short, with the digits that mean something."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 10 else f"{value:.1f}"


def row(figure):
    """A line of the table."""
    sign = ">=" if figure.at_least else "<="
    if figure.target is None:
        target, verdict = "-", "-"
    else:
        what = "x" if figure.peer else f" {figure.unit}"
        target = f"{sign} {number(figure.target)}{what}"
        verdict = "pass" if figure.passed else "FAIL"
    peer = number(figure.peer)
    ratio = f"{figure.ratio:.3g}" if figure.peer else "-"
    return f"{figure.name:<28}{number(figure.value):>10} {figure.unit:<6}{peer:>10}{ratio:>9}{target:>12}  {verdict}"


def main(arguments):
    """0: all reached; 1: some are not; 2: could not be measured."""
    as_json = "--json" in arguments
    names = [argument for argument in arguments if argument != "--json"] or list(FIGURES)
    if not as_json:
        print(f"{'figure':<28}{'value':>10} {'unit':<6}{'peer':>10}{'ratio':>9}{'target':>12}")
    status = 0
    for name in names:
        try:
            for figure in FIGURES[name]():
                print(json.dumps(figure.json()) if as_json else row(figure), flush=True)
                if figure.passed is False:
                    status = max(status, 1)
        except (BenchError, OSError, subprocess.CalledProcessError) as error:
            print(f"script/bench: {name}: {error}", file=sys.stderr)
            status = 2
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
