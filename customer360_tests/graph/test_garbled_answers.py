"""An answer of the engine that reached dbt garbled has the step tried once more; nothing else."""

import dagster as dg
import pytest
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from customer360.resources.dbt import repeated_once_when_garbled

GARBLED = 'status = StatusCode.INTERNAL\n\tdetails = "Exception deserializing response!"'


def _tried(errors: list[str]) -> tuple[bool, int]:
    """Whether a step succeeds that fails with these errors in turn, and how often it is tried."""
    left, tried = list(errors), [0]

    @dg.asset
    def table() -> None:
        tried[0] += 1
        with repeated_once_when_garbled():
            if left:
                raise DagsterDbtCliRuntimeError(left.pop(0))

    return dg.materialize([table], raise_on_error=False).success, tried[0]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([], (True, 1)),
        ([GARBLED], (True, 2)),
        ([GARBLED, GARBLED], (False, 2)),
        (["1 of 2 FAIL 3 fct_orders_key_is_unique"], (False, 1)),
        ([GARBLED, "1 of 2 FAIL 3 fct_orders_key_is_unique"], (False, 2)),
    ],
)
def test_step_is_tried_once_more_for_a_garbled_answer_alone(
    errors: list[str], expected: tuple[bool, int]
) -> None:
    assert _tried(errors) == expected
