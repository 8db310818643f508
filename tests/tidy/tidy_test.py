# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Checks the tree against the rules of tidy_rules.py. Prints `file:line: [rule] message`, fails if there is any."""

import os
import pathlib
import subprocess
import sys

import tidy_rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
BYTES_MAX = 2_000_000  # a larger file is data


def listed_paths():
    """What git tracks or would add; without git (a source archive) what lies there."""
    try:
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True,
        ).stdout.decode()
        paths = [path for path in listed.split("\0") if path]
        if paths:
            return paths
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in ("build", "target", ".git")]
        found += [str((pathlib.Path(folder) / file).relative_to(ROOT)) for file in files]
    return found


def read(path):
    full = ROOT / path
    if not full.is_file() or full.stat().st_size > BYTES_MAX:
        return ""  # it exists, which is all that a link asks
    content = full.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def main():
    tree = tidy_rules.Tree([tidy_rules.File(path, read(path)) for path in listed_paths() if (ROOT / path).exists()])
    if not tree.levels:
        sys.exit("cmake/layers.cmake has no levels: nothing would be checked")
    findings = list(tidy_rules.check(tree))
    for finding in findings:
        print(f"{finding.path}:{finding.line}: [{finding.rule}] {finding.message}")
    print(f"{len(tree.files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
