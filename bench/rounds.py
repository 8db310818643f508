# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Figures, and the bench programs that answer round by round."""

import contextlib
import dataclasses
import json
import pathlib
import subprocess

from daemon import ROOT, BenchError

ENGINE_BENCH = ROOT / "build" / "release" / "bench" / "engine_bench"


def compiled(wasm, folder):
    """The path of its artifact, which is made in the folder."""
    artifact = pathlib.Path(folder) / f"{wasm.stem}.artifact"
    subprocess.run([ENGINE_BENCH, "compile", wasm, artifact], check=True)
    return artifact


@dataclasses.dataclass
class Figure:
    """One measured value. `target` bounds the ratio if there is a peer, else the value; None: only shown."""

    name: str
    value: float
    unit: str
    peer: float | None = None
    target: float | None = None
    at_least: bool = False

    @property
    def ratio(self):
        """Ours to the peer's."""
        return self.value / self.peer if self.peer else None

    @property
    def passed(self):
        """None where nothing is required."""
        if self.target is None:
            return None
        measured = self.value if self.peer is None else self.ratio
        return measured >= self.target if self.at_least else measured <= self.target

    def json(self):
        """The object that runs are compared by."""
        ratio = None if self.ratio is None else round(self.ratio, 3)
        peer = None if self.peer is None else round(self.peer, 3)
        return {"name": self.name, "value": round(self.value, 3), "unit": self.unit, "peer": peer, "ratio": ratio}


class Rounds:
    """A bench program that answers one round per line (rounds.h), in C++ or of the harness (Rust)."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def round(self, name, count):
        """Nanoseconds per operation."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{name} {count}\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"{self.process.args[0]} ended with {self.process.wait()} in {name}")
        return json.loads(line)["ns"]

    def close(self):
        """Lets it end."""
        self.process.stdin.close()
        self.process.wait()
