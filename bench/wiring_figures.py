# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The figures of deployments that are bound to each other: how fast bindings follow, and what they take."""

import re
import statistics
import subprocess
import tempfile
import threading
import time

from daemon import EXAMPLES, BenchError, Client, Daemon, rss_bytes, service
from rounds import Figure, compiled

CONSUMERS = 1000
CALLERS = 8


class Load:
    """Calls of the consumers, one after the other by several clients, until it is closed."""

    def __init__(self, daemon):
        self.over = threading.Event()
        self.failures = []
        self.calls = 0
        self.threads = [threading.Thread(target=self._call, args=(Client(daemon), number)) for number in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def _call(self, client, number):
        while not self.over.is_set():
            number = (number + CALLERS) % CONSUMERS
            try:
                answer = client.call("call", deployment=f"consumer-{number}", function="divide-with-remainder", args="7, 2")
                if answer["result"] != "ok((3, 1))":
                    self.failures.append(answer["result"])
            except BenchError as error:
                self.failures.append(str(error))
            self.calls += 1

    def close(self):
        """Waits for the last ones."""
        self.over.set()
        for thread in self.threads:
            thread.join()


def took_ms(daemon, position):
    """Of the plan that bound every consumer anew, by the daemon's log."""
    for _ in range(1000):
        log = (daemon.folder / "daemon.log").read_text(errors="replace")[position:]
        for actions, microseconds in re.findall(r"carried out .*actions=(\d+) took_us=(\d+)", log):
            if int(actions) >= CONSUMERS:
                return int(microseconds) / 1000
        time.sleep(0.01)
    raise BenchError("the consumers were not bound to the new provider")


def rebind_figures():
    """1000 consumers in one worker get another provider while they are called."""
    with Daemon("--log-level", "debug") as daemon:
        daemon.install("calc", "relay")
        paths = []
        for number in range(CONSUMERS):
            path = daemon.folder / f"consumer-{number}.deployment.toml"
            path.write_text(service("relay@1.0.0", "web"))
            paths.append(str(path))
        for name in ("a-sums", "b-sums"):
            daemon.deploy(name, service("calc@1.0.0", "math"))
        client = Client(daemon)
        client.call("deploy", paths=paths)
        client.call("start", deployment="b-sums")
        client.call("start", group="web")
        load = Load(daemon)
        samples = {"start": [], "stop": []}
        failed = {"start": 0, "stop": 0}
        try:
            for _ in range(5):
                for change, taken in samples.items():
                    position = (daemon.folder / "daemon.log").stat().st_size
                    before = len(load.failures)
                    client.call(change, deployment="a-sums")
                    taken.append(took_ms(daemon, position))
                    failed[change] += len(load.failures) - before
        finally:
            load.close()
    yield Figure("rebind-1000", statistics.median(samples["start"]), "ms", target=50)
    yield Figure("rebind-1000-failed-calls", failed["start"], "calls", target=0)
    # Bound to the one that is stopped, and not told of the other one yet.
    yield Figure("rebind-1000-failed-calls-of-stop", failed["stop"], "calls")
    yield Figure("rebind-1000-calls", load.calls, "calls")


def bound_memory_figures(idle):
    """1000 idle replicas that are bound to another deployment, against instances in Rust that are not."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = compiled(EXAMPLES / "relay" / "relay.wasm", folder)
        peer = int(subprocess.run([idle, artifact, "1000"], check=True, capture_output=True, text=True).stdout)
    with Daemon() as daemon:
        daemon.install("calc", "relay")
        daemon.deploy("sums", service("calc@1.0.0", "math"))
        daemon.deploy("many", service("relay@1.0.0", "many"))
        daemon.cli("start", "sums", "many")
        pid = daemon.worker_pid("many")
        before = rss_bytes(pid)
        daemon.cli("scale", "many", 1001)
        daemon.wait_until_ready("many", 1001)
        ours = (rss_bytes(pid) - before) / 1000
    yield Figure("bound-replica-rss", ours / 1024, "KiB", peer / 1024, 1.2)
