"""The alert rules as Prometheus Operator takes them: `python -m tools.kubernetes_rules` makes the manifest again."""

from pathlib import Path
from textwrap import indent
from typing import Final

_DEPLOY: Final = Path(__file__).parent.parent / "deploy"
RULES: Final = _DEPLOY / "prometheus" / "alerts.yml"
MANIFEST: Final = _DEPLOY / "kubernetes" / "base" / "prometheusrule.yaml"
_HEAD: Final = """\
# Made by `make docs` from deploy/prometheus/alerts.yml, whose lines follow.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: event-processor
spec:
"""


def manifest() -> str:
    """The manifest, with the rules as they are."""
    return _HEAD + indent(RULES.read_text(), "  ")


if __name__ == "__main__":
    MANIFEST.write_text(manifest())
