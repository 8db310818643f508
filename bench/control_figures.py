# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The figures of the control point: what a request costs at its client, and how fast the platform follows."""

import os
import pathlib
import shutil
import statistics
import tempfile
import time

from daemon import (EXAMPLES, ROOT, BenchError, Client, Daemon, free_port, greeter_deployment, rss_bytes, service,
                    wait_for_port)
from rounds import Figure, Rounds

ALME_BENCH = ROOT / "build" / "release" / "bench" / "alme_bench"
COMPONENTS = 200
GROUPS = 10
REPLICAS = 5


def ping_figure(daemon, name, ours, theirs):
    """A round trip, us on one processor and the daemon (and the floor's other end) on another or the same."""
    for thread in os.listdir(f"/proc/{daemon.process.pid}/task"):
        os.sched_setaffinity(int(thread), {theirs})
    rounds = Rounds(ALME_BENCH, daemon.home / "alme", ours, theirs)
    samples = {"floor": [], "ping": []}
    try:
        for number in range(22):
            for figure in sorted(samples, reverse=number % 2 == 1):
                samples[figure].append(rounds.round(figure, 2_000))
    finally:
        rounds.close()
    floor, ping = (statistics.median(samples[figure][2:]) / 1000 for figure in ("floor", "ping"))
    return Figure(name, ping, "us", floor, 2.0)


def alme_figures():
    """A request on an open connection."""
    with Daemon() as daemon:
        processors = sorted(os.sched_getaffinity(0))
        yield ping_figure(daemon, "alme-ping-one-core", processors[0], processors[0])
        yield ping_figure(daemon, "alme-ping-two-cores", processors[0], processors[-1])
    with Daemon() as daemon:
        daemon.install("calc")
        daemon.deploy("calc", service("calc@1.0.0", "math"))
        daemon.cli("start", "calc")
        rounds = Rounds(ALME_BENCH, daemon.home / "alme")
        try:
            calls = [rounds.round("pipelined", 5_000) for _ in range(11)]
        finally:
            rounds.close()
        yield Figure("calls-pipelined", 1e9 / statistics.median(calls[1:]), "call/s", target=20_000, at_least=True)
        daemon.cli("scale", "calc", 1000)
        rounds = Rounds(ALME_BENCH, daemon.home / "alme")
        try:
            lists = [rounds.round("list", 20) for _ in range(11)]
        finally:
            rounds.close()
        yield Figure("list-1000", statistics.median(lists[1:]) / 1e6, "ms", target=10)
        yield Figure("list-1000-cli", 1000 * statistics.median(
            daemon.timed("list", "instances") for _ in range(11)), "ms")


def fsync_floor_ms(folder):
    """What one commit costs at the least: a page of the log and its sync."""
    samples = []
    with (pathlib.Path(folder) / "floor").open("wb", buffering=0) as file:
        for _ in range(30):
            started = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fdatasync(file.fileno())
            samples.append(1000 * (time.perf_counter() - started))
    return statistics.median(samples)


def deploy_start_figures():
    """`deploy` and `start` of a component whose code is in the cache, into a worker that runs."""
    with Daemon() as daemon:
        daemon.install("calc")
        daemon.deploy("first", service("calc@1.0.0", "math"))
        daemon.cli("start", "first")
        client, floors, samples = Client(daemon), [], []
        for number in range(21):
            path = daemon.folder / f"next-{number}.deployment.toml"
            path.write_text(service("calc@1.0.0", "math"))
            floors.append(fsync_floor_ms(daemon.folder))
            started = time.perf_counter()
            client.call("deploy", paths=[str(path)])
            client.call("start", deployment=f"next-{number}")
            samples.append(1000 * (time.perf_counter() - started))
    floor = 2 * statistics.median(floors)  # two commits
    yield Figure("deploy-start", statistics.median(samples[1:]), "ms", target=15 + floor)
    yield Figure("deploy-start-fsyncs", floor, "ms")


def restart_figures():
    """A daemon that finds 200 components and 200 deployments with 1000 replicas on its disk."""
    with Daemon() as daemon:
        client = Client(daemon)
        for number in range(COMPONENTS):
            client.call("install", path=str(EXAMPLES / "spinner" / "spinner.wasm"), id=f"part-{number}@1.0.0")
            path = daemon.folder / f"part-{number}.deployment.toml"
            path.write_text(service(f"part-{number}@1.0.0", f"group-{number % GROUPS}", REPLICAS))
            client.call("deploy", paths=[str(path)])
            client.call("start", deployment=f"part-{number}")
        answers, running = [], []
        for _ in range(5):
            daemon.stop()
            started = time.perf_counter()
            daemon.start()
            answers.append(1000 * (time.perf_counter() - started))
            wait_for_all(Client(daemon), COMPONENTS * REPLICAS)
            running.append(time.perf_counter() - started)
        resident = rss_bytes(daemon.process.pid) / (1 << 20)
    yield Figure("restart-answers", statistics.median(answers), "ms", target=300)
    yield Figure("restart-all-running", statistics.median(running), "s", target=3.0)
    yield Figure("restart-daemon-rss", resident, "MiB")


def wait_for_all(client, replicas):
    """Until that many replicas are ready in all."""
    deadline = time.monotonic() + 60
    while True:
        ready = client.call("status")["instances_ready"]
        if ready == replicas:
            return
        if time.monotonic() > deadline:
            raise BenchError(f"{ready} of {replicas} replicas are ready")
        time.sleep(0.01)


def hot_deploy_figures():
    """From the moment a deployment's file is there until its port serves."""
    samples = []
    with Daemon() as daemon, tempfile.TemporaryDirectory(dir=daemon.home.parent) as outside:
        daemon.install("greeter")
        for number in range(11):
            port = free_port()
            name = f"hot-{number}.deployment.toml"
            (pathlib.Path(outside) / name).write_text(greeter_deployment(port))
            started = time.perf_counter()
            shutil.copyfile(f"{outside}/{name}", daemon.home / "deploy" / name)
            wait_for_port(port, daemon.process)
            samples.append(1000 * (time.perf_counter() - started))
    yield Figure("hot-deploy", statistics.median(samples[1:]), "ms", target=200)


CONTROL_FIGURES = {
    "alme": alme_figures,
    "deploy-start": deploy_start_figures,
    "restart": restart_figures,
    "hot-deploy": hot_deploy_figures,
}
