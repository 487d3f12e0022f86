"""What hears Airflow's metrics in the tests: a StatsD receiver on a real UDP socket, an OTLP receiver over HTTP, and the real
`statsd_exporter` with a real `prometheus` behind it."""

import contextlib
import http.server
import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "monitoring"
LINE = re.compile(r"(?P<name>[^,:]+)(?P<tags>(,[^,=]+=[^,=:]*)*):(?P<value>[^|]+)\|(?P<kind>\w+)")
Seen = dict[tuple[str, ...], float]


class Udp:
    """A StatsD server's ear, in a thread. ``gauges``: last value by name and ``label=value``, sorted; ``lines``: all that came.

    ``forward``: a port on this machine that gets every packet as well, 0 for none.
    """

    def __init__(self, forward: int = 0) -> None:
        self._forward = forward
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self.gauges: Seen = {}
        self.lines: list[str] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hear what is there, and no more."""
        self._done.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                packet = self._socket.recv(65_535)
            except TimeoutError:
                if self._done.is_set():
                    return
                continue
            if self._forward:
                self._socket.sendto(packet, ("127.0.0.1", self._forward))
            for line in packet.decode().splitlines():
                self.lines.append(line)
                found = LINE.fullmatch(line)
                if found and found["kind"] == "g":
                    self.gauges[found["name"], *sorted(found["tags"].split(",")[1:])] = float(found["value"])


@contextlib.contextmanager
def otlp() -> Iterator[tuple[int, Seen]]:
    """An OTLP/HTTP metrics receiver: its port, and gauges by name and attributes, last value."""
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as wire

    seen: Seen = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            for resource in wire.ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for metric in (one for scope in resource.scope_metrics for one in scope.metrics):
                    for point in metric.gauge.data_points:
                        labels = sorted(f"{pair.key}={pair.value.string_value}" for pair in point.attributes)
                        seen[metric.name, *labels] = point.as_double if point.HasField("as_double") else point.as_int
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1]), seen
        server.shutdown()


def free(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A loopback port that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prometheus:
    """Prometheus behind a statsd_exporter, with the project's mapping and rules. ``statsd``: the exporter's UDP port."""

    def __init__(self, folder: Path) -> None:
        self.statsd, self._web, self._own = free(socket.SOCK_DGRAM), free(), free()
        self.processes: list[subprocess.Popen[bytes]] = []
        self._folder = folder

    def start(self) -> None:
        """Both, ready."""
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(PAGES / "alerts.yaml")],
            "scrape_configs": [{"job_name": "airflow", "static_configs": [{"targets": [f"127.0.0.1:{self._web}"]}]}],
        }
        (self._folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        self._run(
            "statsd_exporter",
            f"--statsd.listen-udp=127.0.0.1:{self.statsd}",
            "--statsd.listen-tcp=",
            f"--statsd.mapping-config={PAGES / 'statsd-mapping.yaml'}",
            f"--web.listen-address=127.0.0.1:{self._web}",
        )
        self._run(
            "prometheus",
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._own}",
        )
        self.wait(lambda: self.query("up") and self.query("up")[0]["value"][1] == "1", "Prometheus does not scrape")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """An instant query's series."""
        answer = self._get("query", query=expression)
        if answer["data"]["resultType"] == "scalar":
            return [{"metric": {}, "value": answer["data"]["result"]}]
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Every rule as Prometheus holds it, with its health."""
        return [rule for group in self._get("rules")["data"]["groups"] for rule in group["rules"]]

    def wait(self, look: Any, otherwise: str, seconds: float = 60) -> None:
        """Until ``look`` is true."""
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if look():
                    return
            assert time.monotonic() < end, otherwise
            time.sleep(0.3)

    def stop(self) -> None:
        """End both."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(20)

    def _run(self, name: str, *arguments: str) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen([str(shutil.which(name)), *arguments], stdout=log, stderr=log))

    def _get(self, what: str, **asked: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self._own}/api/v1/{what}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{asked}: {error.read().decode()}") from error
        return found
