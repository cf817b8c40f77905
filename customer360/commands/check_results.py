"""The checks whose latest result did not pass, of the runs that the Dagster instance remembers."""

from __future__ import annotations

from customer360.commands.instance import open_instance
from customer360.resources.check_results import CheckResult, latest_results


def failing_checks() -> list[CheckResult]:
    """Checks whose latest result did not pass, errors first."""
    with open_instance() as instance:
        latest = latest_results(instance)
    failing = [result for result in latest if not result.passed]
    return sorted(failing, key=lambda r: (r.severity != "ERROR", r.asset, r.check))
