# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The real programs, as the benches use them: a daemon in a fresh home, and the command line or a client against it."""

import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "build" / "release" / "bin"
EXAMPLES = ROOT / "examples"
READY_SECONDS_MAX = 10.0


class BenchError(Exception):
    """What went wrong, in one line for a person."""


def rss_bytes(pid):
    """The resident set of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise BenchError(f"process {pid} has no resident set")


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process):
    """Until somebody listens there; the process is whose port it is."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise BenchError(f"{process.args[0]} ended with {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise BenchError(f"nobody listens on port {port}")


def service(component, group, replicas=1):
    """The text of a deployment in a worker."""
    return f'[deployment]\nmodule_id = "{component}"\ngroup = "{group}"\nreplicas = {replicas}\n'


def greeter_deployment(port):
    """The example's deployment on a port of this run."""
    text = (EXAMPLES / "greeter" / "greeter.deployment.toml").read_text()
    return text.replace("127.0.0.1:8080", f"127.0.0.1:{port}")


class Daemon:
    """`with Daemon() as daemon:` runs one in a fresh home and removes both afterwards."""

    def __init__(self, *flags):
        self.flags = flags
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="arcella-bench-"))
        self.home = self.folder / "home"
        self.log = (self.folder / "daemon.log").open("wb")
        self.process = None
        self.ready_seconds = 0.0
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Runs it on its home, until it answers."""
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [PROGRAMS / "arcella", "--home", self.home, *self.flags], stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL)
        try:
            self._wait_until_ready()
        except BenchError:
            self.close()
            raise
        self.ready_seconds = time.perf_counter() - started

    def stop(self):
        """Ends it and its workers; the home stays."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise BenchError(f"the daemon ended with {self.process.returncode}: {self.last_lines()}")
            if self._answers():
                return
            time.sleep(0.0005)
        raise BenchError(f"the daemon was not ready in {READY_SECONDS_MAX:.0f} s: {self.last_lines()}")

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(READY_SECONDS_MAX)
            try:
                client.connect(str(self.home / "alme"))
                client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
                answer = client.makefile().readline()
            except OSError:
                return False
        return '"result"' in answer

    def last_lines(self):
        """The end of what the daemon said, for messages."""
        return " | ".join((self.folder / "daemon.log").read_text(errors="replace").splitlines()[-3:])

    def cli(self, *arguments):
        """The parsed JSON result of an operation."""
        command = [str(PROGRAMS / "arcella-cli"), "--home", str(self.home), "--json", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"arcella-cli {' '.join(command[4:])} ended with {done.returncode}: "
                             f"{(done.stderr or done.stdout).strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def timed(self, *arguments):
        """The seconds an operation takes, from the start of the command line to its end."""
        started = time.perf_counter()
        self.cli(*arguments)
        return time.perf_counter() - started

    def install(self, *examples):
        """Installs these of examples/."""
        for name in examples:
            self.cli("install", EXAMPLES / name / f"{name}.wasm")

    def deploy(self, name, text):
        """Writes NAME.deployment.toml and deploys it."""
        path = self.folder / f"{name}.deployment.toml"
        path.write_text(text)
        self.cli("deploy", path)

    def deployment(self, name):
        """Its row of `list`."""
        for row in self.cli("list", "deployments")["deployments"]:
            if row["id"] == name:
                return row
        raise BenchError(f"no deployment {name} in the list")

    def wait_until_ready(self, name, replicas):
        """Until that many replicas are ready; `start` and `scale` normally answer then."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while self.deployment(name)["ready"] != replicas:
            if time.monotonic() > deadline:
                raise BenchError(f"{name} has not {replicas} replicas ready: {self.deployment(name)}")

    def worker_pid(self, name):
        """The process that the instances of a deployment live in."""
        for row in self.cli("list", "instances")["instances"]:
            if row["id"].startswith(f"{name}/") and row["pid"]:
                return row["pid"]
        raise BenchError(f"no instance of {name} lives anywhere")

    def close(self):
        """Ends the daemon and its workers, and removes the home."""
        self.stop()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Client:
    """One connection to the control socket: no process is started per request."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(daemon.home / "alme"))
        self.lines = self.socket.makefile()

    def call(self, method, **params):
        """The result of one request."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self.lines.readline())
        if "error" in answer:
            raise BenchError(f"{method}: {answer['error']['message']}")
        return answer["result"]
