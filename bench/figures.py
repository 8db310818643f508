# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The figures of docs/performance.md. Where there is a peer, its rounds and ours alternate in the same run, and the
ratio is that of the medians: this machine's load changes from minute to minute, ratios of one run do not."""

import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from control_figures import CONTROL_FIGURES
from daemon import EXAMPLES, BenchError, Daemon, free_port, greeter_deployment, rss_bytes, service, wait_for_port
from rounds import ENGINE_BENCH, Figure, Rounds, compiled
from wiring_figures import bound_memory_figures, rebind_figures

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "arcella"
WASMTIME = CACHE / "peers" / "bin" / "wasmtime"
NATS_SERVER = WASMTIME.with_name("nats-server")
NATS = WASMTIME.with_name("nats")
LARGE_COMPONENT = CACHE / "peers" / "js" / "large.wasm"
HARNESS = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "cargo") / "release" / "arcella-bench-harness"
CALLS_HARNESS = HARNESS.with_name("arcella-bench-calls")
IDLE_HARNESS = HARNESS.with_name("arcella-bench-idle")
BENCH_GUESTS = CACHE / "bench-guests"
CALL_BENCH = ENGINE_BENCH.with_name("call_bench")
PORT_BENCH = ENGINE_BENCH.with_name("port_bench")
# What `wasmtime serve` can be told to make fresh instances cheap.
KEEP_RESIDENT = ("-O", "pooling-allocator=y", "-O", "pooling-memory-keep-resident=2097152",
                 "-O", "pooling-table-keep-resident=65536", "-O", "pooling-async-stack-keep-resident=65536",
                 "-O", "pooling-pagemap-scan=y")


def alternating(ours, peer, name, count):
    """The medians of both programs' rounds."""
    samples = {ours: [], peer: []}
    for number in range(22):
        for program in (ours, peer) if number % 2 else (peer, ours):
            samples[program].append(program.round(name, count))
    # The first two rounds warm up caches and the pool.
    return (statistics.median(samples[program][2:]) for program in (ours, peer))


def side_by_side(ours, peer, benches):
    """Both programs round by round; benches: (name of the figure, of the round, count per round, target)."""
    try:
        for figure, name, count, target in benches:
            value, other = alternating(ours, peer, name, count)
            yield Figure(figure, value, "ns", other, target)
    finally:
        ours.close()
        peer.close()


def against_harness(benches):
    """name -> (count per round, target): our door and plain Rust, round by round."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = compiled(EXAMPLES / "calc" / "calc.wasm", folder)
        yield from side_by_side(Rounds(ENGINE_BENCH, "run", artifact), Rounds(HARNESS, artifact),
                                ((name, name, count, target) for name, (count, target) in benches.items()))


def call_figures():
    """Host -> guest through the C++ door."""
    yield from against_harness({"call-u32": (50_000, 1.3), "call-string-4k": (20_000, 1.3)})


# name -> (calls per round, target)
DIRECT = {
    "u32": (50_000, 1.3),
    "bytes-1024": (20_000, 2.0),
    "bytes-65536": (2_000, 2.0),
    "bytes-1048576": (50, 2.0),
    "items-1": (10_000, 1.0),
    "items-100": (500, 0.7),
}


def direct_figures():
    """From one component to another of the same process; a provider that cannot wait is called sync by the peer."""
    with tempfile.TemporaryDirectory() as folder:
        artifacts = {guest: compiled(BENCH_GUESTS / f"{guest}.wasm", folder) for guest in ("asker", "echo", "echo-wasi")}
        for provider, mode in (("echo", "sync"), ("echo-wasi", "async")):
            ours = Rounds(CALL_BENCH, artifacts["asker"], artifacts[provider])
            peer = Rounds(CALLS_HARNESS, artifacts["asker"], artifacts[provider], mode)
            yield from side_by_side(ours, peer, ((f"direct-{name}-{mode}", name, count, target)
                                                 for name, (count, target) in DIRECT.items()))


# The same guests as one component. The engine's adapters are all there is between them, so the target is 1.0, and the
# rest is what two programs of one machine differ by.
FUSED = {"u32": 1_000_000, "bytes-1024": 50_000, "items-1": 50_000}
FUSED_MAX = 1.05


def fused_figures():
    """From one component to another in the same store; the peer runs the same composition in plain Wasmtime."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = pathlib.Path(folder) / "fused.artifact"
        guests = [BENCH_GUESTS / f"{guest}.wasm" for guest in ("asker", "echo")]
        subprocess.run([ENGINE_BENCH, "compose", *guests, "bench:calls/ops@1.0.0", artifact], check=True)
        yield from side_by_side(Rounds(CALL_BENCH, artifact), Rounds(CALLS_HARNESS, artifact),
                                ((f"fused-{name}", name, count, FUSED_MAX) for name, count in FUSED.items()))


MIB = 1 << 20


class NatsService:
    """nats-server, and a service of its own bench client that answers requests of 512 bytes with as many."""

    def __init__(self):
        self.port = free_port()
        # It reads and writes the contexts of whoever runs it otherwise.
        self.home = tempfile.TemporaryDirectory()
        self.environment = {**os.environ, "HOME": self.home.name, "NATS_URL": f"nats://127.0.0.1:{self.port}"}
        self.processes = []

    def run(self, *command):
        """Until close()."""
        self.processes.append(subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL))

    def start(self):
        """Returns when requests are answered."""
        self.run(NATS_SERVER, "-a", "127.0.0.1", "-p", str(self.port))
        wait_for_port(self.port, self.processes[0])
        self.run(NATS, "bench", "service", "serve", "--size", "512", "bench.echo")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(BenchError):
                self.request_p50(1, seconds=2)
                return
        raise BenchError("nats has no service that answers")

    def request_p50(self, count, seconds=60):
        """Nanoseconds of a request, one at a time."""
        command = [NATS, "bench", "service", "request", "--size", "512", "--msgs", str(count), "--no-progress",
                   "bench.echo"]
        try:
            done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  check=False, timeout=seconds)
        except subprocess.TimeoutExpired as late:
            raise BenchError(f"nats: no answer within {seconds} s") from late
        found = re.search(r"P50: ([\d,.]+)us", done.stdout + done.stderr)
        if done.returncode != 0 or not found:
            raise BenchError(f"nats: {done.stdout}{done.stderr}")
        return float(found.group(1).replace(",", "")) * 1000

    def close(self):
        """Ends both."""
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
        self.home.cleanup()


def nats_figure(rounds):
    """512 bytes there and back, one at a time, against NATS request/reply."""
    nats = NatsService()
    try:
        nats.start()
        ours, theirs = [], []
        for _ in range(6):
            ours.append(rounds.round("bytes-512-p50", 5_000))
            theirs.append(nats.request_p50(5_000))
    finally:
        nats.close()
    # The first round warms up.
    return Figure("remote-bytes-512-against-nats", 1e9 / statistics.median(ours[1:]), "call/s",
                  1e9 / statistics.median(theirs[1:]), 4.0, at_least=True)


def medians(rounds, names):
    """name -> nanoseconds, of 20 rounds of each by turns, in turning order; `names` has the operations of a round."""
    samples = {name: [] for name in names}
    for number in range(22):
        for name in reversed(names) if number % 2 else names:
            samples[name].append(rounds.round(name, names[name]))
    return {name: statistics.median(values[2:]) for name, values in samples.items()}


def link_figure(artifact):
    """Between two workers with a link, against the way through a third process. All on one processor: where they run
    otherwise changes from run to run, and with it what a wake-up costs."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        rounds = Rounds(PORT_BENCH, artifact)
    finally:
        os.sched_setaffinity(0, everywhere)
    try:
        ns = medians(rounds, {"direct-p50": 5_000, "via-p50": 5_000})
    finally:
        rounds.close()
    return Figure("remote-direct-against-main", ns["direct-p50"], "ns", ns["via-p50"], 0.6)


def remote_figures():
    """From one process to a component of another, against the least that a socket pair can do."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = compiled(BENCH_GUESTS / "echo.wasm", folder)
        rounds = Rounds(PORT_BENCH, artifact)
        names = {"floor-p50": 5_000, "u32-p50": 5_000, "floor-p99": 5_000, "u32-p99": 5_000, "floor-64": 50_000,
                 "asio-64": 20_000, "u32-64": 50_000, f"memcpy-{MIB}": 500, f"bytes-{MIB}": 50}
        try:
            ns = medians(rounds, names)
            against_nats = nats_figure(rounds)
        finally:
            rounds.close()
        against_main = link_figure(artifact)
    floor = ns["floor-p50"]
    yield Figure("remote-u32-p50", ns["u32-p50"], "ns", floor, max(1.3, (floor + 3_000) / floor))
    yield Figure("remote-u32-p99", ns["u32-p99"], "ns", ns["floor-p99"], 2.0)
    yield against_main
    rate = 1e9 / ns["u32-64"]
    yield Figure("remote-at-once-against-one", rate, "call/s", 1e9 / ns["u32-p50"], 10.0, at_least=True)
    yield Figure("remote-at-once-against-asio", rate, "call/s", 1e9 / ns["asio-64"], 0.5, at_least=True)
    yield Figure("remote-at-once-against-floor", rate, "call/s", 1e9 / ns["floor-64"], 0.5, at_least=True)
    # There and back.
    yield Figure("remote-bytes-1mib", 2e9 / ns[f"bytes-{MIB}"], "MiB/s", 1e9 / ns[f"memcpy-{MIB}"], 0.2, at_least=True)
    yield against_nats


def instantiate_figures():
    """Instantiate and drop of calc."""
    yield from against_harness({"instantiate": (5_000, 1.2)})


def requests_per_second(port, seconds=4):
    """wrk with 64 connections; any failure makes the figure worthless."""
    done = subprocess.run(["wrk", "-t2", "-c64", f"-d{seconds}s", f"http://127.0.0.1:{port}/bench"],
                          capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise BenchError(f"wrk saw failures on port {port}: {done.stdout}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


@contextlib.contextmanager
def wasmtime_serve(*flags):
    """Its port, while it serves greeter."""
    port = free_port()
    # `-S cli` is no tuning: it offers what Rust's standard library imports.
    command = [str(WASMTIME), "serve", "-S", "cli", *flags, "--addr", f"127.0.0.1:{port}",
               str(EXAMPLES / "greeter" / "greeter.wasm")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port, process)
            yield port
        finally:
            process.terminate()


def greeter_figures():
    """A fresh instance per request, 64 connections."""
    port = free_port()
    with Daemon() as daemon, wasmtime_serve() as default, wasmtime_serve(*KEEP_RESIDENT) as best:
        daemon.install("greeter")
        daemon.deploy("greeter", greeter_deployment(port))
        daemon.cli("start", "greeter")
        wait_for_port(port, None)
        ports = [port, default, best]
        samples = {each: [] for each in ports}
        for number in range(6):
            for each in ports[number % 3:] + ports[:number % 3]:
                samples[each].append(requests_per_second(each))
    # The first round warms up.
    ours, default_rate, best_rate = (statistics.median(samples[each][1:]) for each in ports)
    yield Figure("greeter-against-default", ours, "req/s", default_rate, 3.0, at_least=True)
    yield Figure("greeter-against-best-flags", ours, "req/s", best_rate, 1.3, at_least=True)


def replicas_figures():
    """1000 replicas of calc into a running worker."""
    with Daemon() as daemon:
        daemon.install("calc")
        daemon.deploy("many", service("calc@1.0.0", "many"))
        daemon.cli("start", "many")
        daemon.wait_until_ready("many", 1)
        pid = daemon.worker_pid("many")
        seconds, growth = [], []
        for _ in range(3):
            before = rss_bytes(pid)
            started = time.perf_counter()
            daemon.cli("scale", "many", 1001)
            daemon.wait_until_ready("many", 1001)
            seconds.append(time.perf_counter() - started)
            growth.append((rss_bytes(pid) - before) / 1000)
            daemon.cli("scale", "many", 1)
            daemon.wait_until_ready("many", 1)
    yield Figure("replicas-1000", statistics.median(seconds), "s", target=1.0)
    # The first time: later ones find the pool's slots still resident.
    yield Figure("replica-rss", growth[0] / 1024, "KiB")


def install_figures():
    """An 11 MB component: compiled once, then started from the cache."""
    # Our code can be interrupted at any time, which is more code to compile; the peer is asked for the same, and once more
    # for what it does by itself.
    installs, compiles, plain_compiles, starts = [], [], [], []
    for _ in range(3):
        with Daemon() as daemon:
            installs.append(daemon.timed("install", LARGE_COMPONENT))
            daemon.deploy("large", service("large@1.0.0", "large"))
            daemon.cli("start", "large")
            daemon.cli("stop", "large")
            starts.append(daemon.timed("start", "large"))
            daemon.wait_until_ready("large", 1)
        with tempfile.TemporaryDirectory() as folder:
            for seconds, flags in ((compiles, ["-W", "epoch-interruption=y"]), (plain_compiles, [])):
                started = time.perf_counter()
                command = [WASMTIME, "compile", *flags, "-o", f"{folder}/large.cwasm", LARGE_COMPONENT]
                subprocess.run(command, check=True)
                seconds.append(time.perf_counter() - started)
    install, start = statistics.median(installs), statistics.median(starts)
    yield Figure("install-11mb", install, "s", statistics.median(compiles), 1.1)
    yield Figure("install-11mb-against-no-epochs", install, "s", statistics.median(plain_compiles))
    yield Figure("second-start-11mb", start, "s", install, 1 / 20)


def wiring_figures():
    """1000 consumers of one provider."""
    yield from rebind_figures()
    yield from bound_memory_figures(IDLE_HARNESS)


def daemon_figures():
    """A daemon without guests."""
    ready, resident = [], []
    for _ in range(10):
        with Daemon() as daemon:
            ready.append(daemon.ready_seconds * 1000)
            resident.append(rss_bytes(daemon.process.pid) / (1 << 20))
    yield Figure("daemon-ready", statistics.median(ready), "ms", target=100)
    yield Figure("daemon-rss", statistics.median(resident), "MiB", target=40)


FIGURES = {
    "call": call_figures,
    "direct": direct_figures,
    "fused": fused_figures,
    "remote": remote_figures,
    "wiring": wiring_figures,
    "instantiate": instantiate_figures,
    "greeter": greeter_figures,
    "replicas": replicas_figures,
    "install": install_figures,
    "daemon": daemon_figures,
    **CONTROL_FIGURES,
}
