"""The alerting rules: they are about metrics that a worker has."""

import re
from pathlib import Path

import yaml

from stream.metrics import Metrics

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "baton.rules.yaml"


def test_every_rule_is_about_metrics_that_a_worker_has() -> None:
    known = {metric.name for metric in Metrics().registry.collect()}
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    named = [name for rule in rules for name in re.findall(r"baton_\w+", rule["expr"])]
    assert named
    assert set(named) <= known
