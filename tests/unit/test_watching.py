"""Alert rules, Prometheus's settings and the dashboards: promtool takes them, each alert is explained, panels stand."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.promql import asked

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]


def promtool(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Prometheus's own checker. Without one the test is left out, except where CI is set."""
    found = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if found is None:
        reason = "no promtool: apt-get install prometheus, or name yours in PROMTOOL (https://prometheus.io/download/)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run([found, *words], cwd=PROMETHEUS, input=given, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "config", "prometheus.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_takes_it(words: tuple[str, ...]) -> None:
    ended = promtool(*words)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_promtool_would_say_no(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("groups: [{name: a, rules: [{alert: B, expr: 'sum(rate(x[1m])'}]}]")
    ended = promtool("check", "rules", str(tmp_path / "bad.yml"))
    assert ended.returncode != 0
    assert "unclosed left parenthesis" in ended.stderr


def test_each_alert_is_explained_to_whoever_it_wakes() -> None:
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names)) >= 15
    for rule in ALERTS:
        assert rule["alert"] in headings
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("critical", "warning")
    explained = {heading for heading in headings if heading.startswith("Livefair")}
    assert explained == set(names)


def test_what_a_summary_says_of_a_series_is_a_label_that_its_expression_keeps() -> None:
    for rule in ALERTS:
        said = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        found = asked(rule["expr"])
        if re.match(r"\s*(?:sum|max|min|avg)\b", rule["expr"]) or "by (" in rule["expr"]:
            assert said <= found.grouped_by, rule["alert"]
        elif rule["expr"].startswith("absent"):
            assert said <= set().union(*(labels for _, labels in found.series)), rule["alert"]
        else:
            assert said <= {"service", "instance"}, rule["alert"]


def test_the_reader_of_expressions_finds_series_and_labels() -> None:
    found = asked('sum by (le, stage) (rate(a_bucket{x="y{}", z=~"1|2"}[5m])) / on (i) b_total > 0.5 and absent(c)')
    assert found.series == [("a_bucket", frozenset({"x", "z"})), ("b_total", frozenset()), ("c", frozenset())]
    assert found.grouped_by == {"le", "stage", "i"}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboard["panels"]
    return found


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: str(file.stem))
def test_a_dashboard_stands(file: Path) -> None:
    dashboard = json.loads(file.read_text())
    datasource, *others = dashboard["templating"]["list"]
    assert (datasource["type"], datasource["query"]) == ("datasource", "prometheus")
    variables = {each["name"] for each in (datasource, *others)} | {"__rate_interval", "__range"}
    ids = [panel["id"] for panel in panels(dashboard)]
    assert len(ids) == len(set(ids))
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels(dashboard)], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"], (one, other)
    for panel in panels(dashboard):
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["description"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert set(re.findall(r"\$\{?(\w+)", target["expr"])) <= variables
            legend = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert legend <= asked(target["expr"]).grouped_by | {"service", "instance", "stage"}


def test_there_are_two_dashboards_and_grafana_is_told_where() -> None:
    dashboards = [json.loads(file.read_text()) for file in DASHBOARDS]
    assert {each["uid"] for each in dashboards} == {"livefair-fair", "livefair-machine-room"}
    provisioning = ROOT / "deploy" / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "livefair.yml").read_text())["providers"]
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounted = dict(each.split(":")[:2] for each in compose["grafana"]["volumes"])
    assert mounted["./deploy/grafana/dashboards"] == provider["options"]["path"]
    home = Path(compose["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (ROOT / "deploy" / "grafana" / "dashboards" / home.name) in DASHBOARDS
    assert source["url"] == "http://prometheus:9090"
    assert {compose[name]["profiles"][0] for name in ("prometheus", "grafana")} == {"watch"}


def test_prometheus_asks_every_service_at_the_port_that_it_has() -> None:
    settings = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    (livefair,) = [job for job in settings["scrape_configs"] if job["job_name"] == "livefair"]
    ports = {name: found["port"] for found in livefair["dns_sd_configs"] for name in found["names"]}
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    ops = re.search(r"LIVEFAIR_OPS_PORT=(\d+)", dockerfile)
    assert ops
    assert ports == {"intake": 8080} | dict.fromkeys(("gateway", "worker", "feeder", "insight"), int(ops.group(1)))
    assert set(ports) <= set(compose)
