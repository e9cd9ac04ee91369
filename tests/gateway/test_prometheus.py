"""config/prometheus and config/grafana fit what /metrics shows: every rule and query finds some.

promtool (Debian's package prometheus) evaluates them on series made of a scrape; where it is not
installed, the names of metrics and labels are compared.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labs.figures import figures_of
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

CONFIG = Path(__file__).parents[2] / "config"
RULES = CONFIG / "prometheus" / "alerts.yml"
DASHBOARD = CONFIG / "grafana" / "modemgw.json"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
INSTANCE = "gateway:8080"
NOT_OURS = {"job", "instance"}
MINUTES = 120


def scraped() -> Iterator[tuple[str, dict[str, str], float]]:
    """Name, labels and value of each series."""
    text = generate_latest(figures_of(2).registry()).decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, dict(sample.labels), sample.value


def queries() -> list[str]:
    """Every query of the dashboard, with its variables as Grafana fills them in."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(found) > 30
    return [one.replace("$instance", ".*").replace("$__rate_interval", "5m") for one in found]


def expressions() -> list[str]:
    """Every expression of the rules; read without a YAML parser, as they stand in the file."""
    text = RULES.read_text(encoding="utf-8")
    found = re.findall(r"^        expr: (>\n(?: {10}.*\n)+|.*\n)", text, re.MULTILINE)
    assert len(found) == text.count("- alert:")
    return [" ".join(one.removeprefix(">").split()) for one in found]


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\bmodemgw_\w+", expression))


def labels_in(expression: str) -> set[str]:
    """Labels that are matched by, grouped by and joined on."""
    matched = re.findall(r"(\w+)\s*=~?\s*\"", expression)
    grouped = [
        name.strip()
        for names in re.findall(r"(?:by|on) \(([\w, ]+)\)", expression)
        for name in names.split(",")
    ]
    return {*matched, *grouped} - NOT_OURS


@pytest.mark.parametrize("expression", [*queries(), *expressions()])
def test_what_is_asked_for_is_there(expression: str) -> None:
    labels: dict[str, set[str]] = {}
    for name, found, _ in scraped():
        labels.setdefault(name, set()).update(found)
    names = names_in(expression)
    assert names <= set(labels)
    known = set().union(*(labels[name] for name in names))
    assert labels_in(expression) <= known


def test_every_legend_names_a_label() -> None:
    known = {label for _, labels, _ in scraped() for label in labels} | NOT_OURS
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert named <= known, panel["title"]


def test_the_panels_do_not_overlap() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


# --- by promtool


def promtool(*arguments: str) -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    promtool("check", "rules", str(RULES))


def series(growing: bool) -> list[dict[str, str]]:
    """What a scrape shows, each minute for two hours: counters grow, gauges stay."""
    made = []
    for name, labels, value in scraped():
        told = ",".join(f'{k}="{v}"' for k, v in {**labels, "instance": INSTANCE}.items())
        counts = name.endswith(("_total", "_bucket", "_count", "_sum"))
        step = 3 if counts and growing else 0
        made.append({"series": f"{name}{{{told}}}", "values": f"{value:g}+{step}x{MINUTES}"})
    return made


def evaluate(tmp_path: Path, tests: list[dict[str, Any]], rules: tuple[Path, ...] = ()) -> None:
    """Have promtool run tests; what it reads is YAML, and so JSON."""
    document = {
        "rule_files": [str(path) for path in rules],
        "evaluation_interval": "1m",
        "tests": tests,
    }
    file = tmp_path / "tests.yml"
    file.write_text(json.dumps(document), encoding="utf-8")
    promtool("test", "rules", str(file))


@needs_promtool
def test_every_query_of_the_dashboard_answers(tmp_path: Path) -> None:
    answered = [
        {
            "expr": f"count({query}) > bool 0",
            "eval_time": "110m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for query in queries()
    ]
    evaluate(
        tmp_path,
        [{"interval": "1m", "input_series": series(growing=True), "promql_expr_test": answered}],
    )


BAD = {
    "ModemgwDown": {'up{job="modemgw"}': "0x120"},
    "ModemgwAlert": {'modemgw_alerts_raised{alert="disk",severity="critical"}': "1x120"},
    "ModemgwNoModemReady": {'modemgw_modem_ready{modem="m1"}': "0x120"},
    "ModemgwModemDown": {
        'modemgw_modem_ready{modem="m1"}': "0x120",
        'modemgw_modem_state{modem="m1",state="absent"}': "1x120",
    },
    "ModemgwModemUnstable": {'modemgw_modem_recoveries_total{modem="m1"}': "0+1x120"},
    "ModemgwSimBlocked": {'modemgw_sim_blocked{sim="s1"}': "1x120"},
    "ModemgwDeliveryRate": {
        'modemgw_sim_messages_total{sim="s1",fate="delivered"}': "0+1x120",
        'modemgw_sim_messages_total{sim="s1",fate="undelivered"}': "0+1x120",
    },
    "ModemgwErrorRate": {
        'modemgw_sim_parts_total{sim="s1",result="accepted"}': "0+1x120",
        'modemgw_sim_parts_total{sim="s1",result="refused"}': "0+1x120",
    },
    "ModemgwLateMessages": {
        'modemgw_messages_late_total{type="otp"}': "0+1x120",
        'modemgw_messages_in_time_total{type="otp"}': "0+9x120",
    },
    "ModemgwQueueAge": {'modemgw_queue_oldest_seconds{type="promotional"}': "0+60x120"},
    "ModemgwOtpQueueAge": {'modemgw_queue_oldest_seconds{type="otp"}': "90x120"},
    "ModemgwBalanceLow": {'modemgw_sim_balance_low{sim="s1"}': "1x120"},
    "ModemgwDeadLetters": {
        'modemgw_delivery_tries_total{kind="exec",outcome="given-up"}': "0x100 1x20"
    },
    "ModemgwStoreNotWritable": {"modemgw_store_writable": "0x120"},
    "ModemgwDiskFull": {"modemgw_disk_free_bytes": "4e8x120"},
    "ModemgwClockSet": {"modemgw_clock_steps_total": "0x100 1x20"},
    "ModemgwTaskFailing": {'modemgw_task_failing{task="retention"}': "1x120"},
    "ModemgwLoopLag": {
        'modemgw_loop_lag_seconds_bucket{le="0.5"}': "0x120",
        'modemgw_loop_lag_seconds_bucket{le="1.0"}': "0+9x120",
        'modemgw_loop_lag_seconds_bucket{le="+Inf"}': "0+9x120",
    },
    "ModemgwSlowCommits": {
        'modemgw_store_commit_seconds_bucket{le="1.0"}': "0x120",
        'modemgw_store_commit_seconds_bucket{le="5.0"}': "0+9x120",
        'modemgw_store_commit_seconds_bucket{le="+Inf"}': "0+9x120",
    },
}
"""Series that raise each rule, and nothing else that is asked here."""


@needs_promtool
def test_every_rule_is_raised_once_by_its_fault_and_none_by_a_gateway_that_is_well(
    tmp_path: Path,
) -> None:
    text = RULES.read_text(encoding="utf-8")
    assert set(BAD) == set(re.findall(r"- alert: (\w+)", text))

    def fires(name: str, raised: bool) -> dict[str, Any]:
        count = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
        expected = [{"labels": "{}", "value": 1}] if raised else []
        return {"expr": count, "eval_time": "115m", "exp_samples": expected}

    tests = [
        {
            "interval": "1m",
            "input_series": [
                {"series": one, "values": values.replace("x120", "+0x120")
                 if "+" not in values and " " not in values else values}
                for one, values in bad.items()
            ],
            "promql_expr_test": [fires(name, True)],
        }
        for name, bad in BAD.items()
    ]  # fmt: skip
    tests.append(
        {
            "interval": "1m",
            "input_series": [
                {"series": 'modemgw_modem_ready{modem="m1"}', "values": "0+0x120"},
                {
                    "series": 'modemgw_modem_state{modem="m1",state="paused"}',
                    "values": "1+0x120",
                },
            ],
            "promql_expr_test": [fires("ModemgwModemDown", False)],
        }
    )
    well = [one for one in series(growing=False) if "alerts_raised" not in one["series"]]
    tests.append(
        {
            "interval": "1m",
            "input_series": well,
            "promql_expr_test": [fires(name, False) for name in BAD],
        }
    )
    evaluate(tmp_path, tests, (RULES,))
