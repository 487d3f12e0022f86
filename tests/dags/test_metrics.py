"""Metrics of real DAG runs over the local AWS: heard on a UDP socket, over OTLP, and by a real Prometheus that asks everything
that the dashboard and the alert rules ask."""

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml
from tests import monitoring
from tests.capture import ACCOUNT, REGIONS, Alerts, Capture

from itemtrail.flows import setup
from itemtrail.settings import load
from itemtrail_airflow import local_run

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox]
HOME = "us-east-1"
TABLE = f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/Employees"
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
BEFORE, YESTERDAY = (NOW - 2 * DAY).date(), (NOW - DAY).date()
NEEDED = ("prometheus", "promtool", "statsd_exporter")


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


@pytest.fixture(scope="module")
def world(new_sandbox, tmp_path_factory):
    """Two days of an account with a captured table, archived stream by stream; yesterday lost a digest with its versions."""
    sandbox = new_sandbox(clock=midnight(BEFORE) - dt.timedelta(hours=4), tick=False)
    made = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    made = Capture(sandbox, made.folder, made.environment, Alerts(made.client).topic)
    dynamodb = made.client("dynamodb")
    dynamodb.create_table(
        TableName="Employees",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "EmpId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "EmpId", "KeyType": "HASH"}],
    )
    control, settings = made.connection().control(), load(made.configuration(tables=[TABLE]))
    setup.apply(control, settings, setup.plan(control, settings).hash)
    for day in (BEFORE, YESTERDAY):
        for hour in (2, 11, 20):
            sandbox.advance_to(midnight(day) + dt.timedelta(hours=hour))
            dynamodb.put_item(TableName="Employees", Item={"EmpId": {"S": "E-1"}, "Grade": {"N": str(hour)}})
            run(made, "archive_stream")
    harm(made)
    sandbox.advance_to(NOW)
    return made


def harm(capture):
    capture.sandbox.advance_to(midnight(YESTERDAY) + dt.timedelta(hours=23))
    prefix = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{HOME}/{YESTERDAY:%Y/%m/%d}/"
    digest = next(key for key, _, _ in capture.versions(capture.trail_bucket, prefix) if "T12" in key)
    for key, version, _ in capture.versions(capture.trail_bucket, digest):
        capture.client("s3").delete_object(Bucket=capture.trail_bucket, Key=key, VersionId=version)


def run(capture, dag_id, topic="", **conf):
    with capture.seen_by_airflow(tables=[TABLE], **({"topic": topic} if topic else {})):
        return local_run.run_dag(dag_id, conf)


@contextlib.contextmanager
def sent_to(**settings):
    """Airflow's metrics go where ``settings`` say, as a task's process would set it up; afterwards nowhere."""
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        stats.initialize(factory=get_stats_factory(), export_legacy_names=False)
        yield
    stats.initialize(factory=get_stats_factory(), export_legacy_names=False)


def statsd(port):
    """The settings that docs/monitoring.md names for StatsD."""
    page = (monitoring.ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"^(AIRFLOW__METRICS__STATSD_\w+|AIRFLOW__METRICS__LEGACY_\w+)=(\S+)", page, re.MULTILINE))
    assert named["AIRFLOW__METRICS__STATSD_ON"] == named["AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED"] == "True"
    return named | {"AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1", "AIRFLOW__METRICS__STATSD_PORT": str(port)}


def everything(capture):
    """A run of each DAG that tells metrics, as days go; one alert cannot be delivered."""
    run(capture, "archive_trail", day=str(BEFORE))
    states = run(capture, "archive_trail", topic=f"arn:aws:sns:{HOME}:{ACCOUNT}:nobody-made-it", day=str(YESTERDAY)).tasks
    assert states["gate"] == "failed", "yesterday lost a digest"
    for dag_id in ("archive_stream", "build_history", "checkpoint_ledger", "review_posture", "verify_archive", "watch_deadline"):
        run(capture, dag_id, **({"day": str(BEFORE)} if dag_id == "build_history" else {}))


def of(seen, name, *labels):
    return seen["airflow.itemtrail." + name, *sorted(labels)]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """Prometheus behind its exporter, None where they are not installed."""
    if any(not shutil.which(name) for name in NEEDED):
        yield None
        return
    started = monitoring.Prometheus(tmp_path_factory.mktemp("prometheus"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def ear(world, prometheus):
    """What was heard of a run of everything; Prometheus heard the same."""
    heard = monitoring.Udp(forward=prometheus.statsd if prometheus else 0)
    try:
        with sent_to(**statsd(heard.port)):
            everything(world)
    finally:
        heard.close()
    return heard


def test_a_run_of_every_dag_is_heard_on_a_udp_socket(world, ear):
    seen, place = ear.gauges, (f"account={ACCOUNT}", f"region={HOME}")
    receipt = world.latest(HOME, YESTERDAY)
    assert of(seen, "day_units", "verdict=DISPROVEN") == 1
    assert of(seen, "day_units", "verdict=PROVEN") == len(REGIONS) - 1
    assert of(seen, "day_records", *place) == receipt.counts.records_in > 0
    assert of(seen, "newest_proven_timestamp_seconds", *place) == midnight(YESTERDAY).timestamp()
    assert of(seen, "newest_proven_timestamp_seconds", place[0], "region=eu-west-1") == midnight(YESTERDAY + DAY).timestamp()
    assert of(seen, "ledger_receipts") > 0
    assert of(seen, "history_explained_ratio", *place, "table=Employees", "side=records") == 1
    assert of(seen, "alert_failed_timestamp_seconds", "channel=sns") > NOW.timestamp()
    told = {name[0] for name in seen if name[0].startswith("airflow.itemtrail.")}
    assert {f"airflow.itemtrail.{name}" for name in documented()} == told, "docs/monitoring.md lists every metric, and no other"
    ours = [line for line in ear.lines if ".itemtrail." in line]
    assert not re.search(r"E-1\b|arn:|Grade", "\n".join(ours)), "no item's key or value, no principal"


def documented():
    page = (monitoring.ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `airflow_itemtrail_(\w+)` \|", page, re.MULTILINE))


def test_the_same_arrives_over_otlp(world, ear):
    with monitoring.otlp() as (port, seen):
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
        with sent_to(AIRFLOW__METRICS__OTEL_ON="True", **endpoint):
            run(world, "watch_deadline")
            from opentelemetry import metrics

            metrics.get_meter_provider().shutdown()
    assert of(seen, "coverage_units", f"account={ACCOUNT}", f"region={HOME}", "state=MISSING") == 1, "the trail's first evening"
    assert of(seen, "coverage_timestamp_seconds") > NOW.timestamp()
    assert {name[0] for name in seen if "itemtrail.coverage" in name[0]} <= {name[0] for name in ear.gauges}, "the same names"


def expressions():
    """(where, expression) of the dashboard and the rules; a rule's comparison asks for its value, whether it holds or not."""
    board = json.loads((monitoring.PAGES / "grafana-dashboard.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", re.sub(r"\$(account|region)\b", ".*", target["expr"])
    for group in yaml.safe_load((monitoring.PAGES / "alerts.yaml").read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], re.sub(r" (>|<) (?=[\d.* ]+$)", r" \1 bool ", rule["expr"])


SILENT = {
    "ItemtrailNeverLooked": "absent() is empty where the metric is there",
    "ItemtrailStreamGap": "compares with a day ago, and Prometheus has just started",
}


def test_prometheus_answers_everything_that_dashboard_and_rules_ask_and_the_right_alerts_fire(prometheus, ear):
    if prometheus is None:
        missing = ", ".join(name for name in NEEDED if not shutil.which(name))
        pytest.skip(f'not installed: {missing}. docs/monitoring.md, "Proof", says where they come from')
    checked = subprocess.run(["promtool", "check", "rules", monitoring.PAGES / "alerts.yaml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    prometheus.wait(lambda: prometheus.query("itemtrail:lag_hours"), "no recording rule has a value")
    empty = [(where, text) for where, text in expressions() if where not in SILENT and not prometheus.query(text)]
    assert empty == []
    ill = [(rule["name"], rule.get("lastError")) for rule in prometheus.rules() if rule["health"] != "ok"]
    assert ill == []
    firing = {rule["name"] for rule in prometheus.rules() if rule.get("state") == "firing"}
    print(f"{len([*expressions()])} expressions asked; firing: {', '.join(sorted(firing))}")
    assert {"ItemtrailDayDisproven", "ItemtrailUnitsNotProven", "ItemtrailAlertNotDelivered"} <= firing
    assert (
        not {
            "ItemtrailNobodyLooks",
            "ItemtrailNeverLooked",
            "ItemtrailExpiryNear",
            "ItemtrailLedgerFindings",
            "ItemtrailArchiveFindings",
        }
        & firing
    )
    series = {one["metric"]["__name__"] for one in prometheus.query('{__name__=~"airflow_itemtrail_.+"}')}
    assert series == {f"airflow_itemtrail_{name}" for name in documented()}


def test_every_alert_names_a_heading_of_the_runbook():
    runbook = (monitoring.ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^#+ (.+)$", runbook, re.MULTILINE))
    named = set(re.findall(r'runbook: docs/runbook\.md, "(.+)"', (monitoring.PAGES / "alerts.yaml").read_text(encoding="utf-8")))
    assert len(named) > 5
    assert named - headings == set()


def test_metrics_are_off_unless_airflows_are():
    from airflow.sdk import conf

    assert not any(conf.getboolean("metrics", name, fallback=False) for name in ("statsd_on", "otel_on"))
    assert "AIRFLOW__METRICS__STATSD_ON" not in os.environ
