"""The parameters of matching: what each level of agreement is worth, and Splink's form of it.

A lake that has trained no model of its own uses `default_model.json`, which was trained on a
simulated world without being told who is who. A model is fixed until somebody trains another: a
day's data changes no old pair's weight, so matching day by day ends where matching all at once
does. Training is in `training`, scoring in `scoring`.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from typing import Any, NamedTuple

from customer360.errors import IdentityError
from customer360.identity.comparisons import COMPARISONS, Level, level_names, level_number


class Worth(NamedTuple):
    """Probabilities of a level: between records of one person, between records of two."""

    m: float | None
    u: float | None


@dataclass(frozen=True)
class MatchModel:
    """Parameters of all comparisons.

    Attributes:
        name: Which model it is.
        trained_on: What it was trained on, in words.
        records: How many records that was.
        pairs_per_record: Pairs of one person for each of them.
        levels: By comparison and level; a probability that training could not tell is None.
    """

    name: str
    trained_on: str
    records: int
    pairs_per_record: float
    levels: dict[str, dict[str, Worth]] = field(repr=False)

    def worth(self, comparison: str, level: str) -> Worth:
        """Probabilities of a level; one that was never seen is worth what the next weaker one is.

        Raises:
            ValueError: The model has no such level, or nothing to take instead.
        """
        names = level_names(comparison)
        for name in names[names.index(level) :]:
            m, u = self.levels[comparison][name]
            if m is not None and u is not None:
                return Worth(m, u)
        raise ValueError(f"model {self.name} has no probabilities for {comparison}: {level}")

    def weight(self, comparison: str, level: str) -> float:
        """Evidence of a level for one person, in powers of two of the odds."""
        m, u = self.worth(comparison, level)
        assert m is not None
        assert u is not None
        return math.log2(m / u)

    def speaking_levels(self, comparison: str) -> list[int]:
        """Numbers of the levels that make it at least twice as likely that both are one person."""
        return [
            level_number(comparison, name)
            for name in level_names(comparison)
            if self.weight(comparison, name) >= 1
        ]

    def prior(self, records: int) -> float:
        """Probability that two records drawn at random are one person's.

        Where there are more records it is smaller; where there are fewer than those of the
        training it is not greater, as nobody has looked there. In steps of two: one record more
        must not change every weight by a little.
        """
        size = 1 << max(records - 1, self.records - 1, 0).bit_length()
        return 2 * self.pairs_per_record / size

    def settings(self, records: int) -> dict[str, Any]:
        """The model as Splink's settings.

        Args:
            records: How many records there are; more of them make a chance agreement likelier.
        """
        return {
            "link_type": "dedupe_only",
            "unique_id_column_name": "node",
            "probability_two_random_records_match": self.prior(records),
            "blocking_rules_to_generate_predictions": [],
            "comparisons": [self._comparison(name) for name in COMPARISONS],
            # With the levels of each pair.
            "retain_matching_columns": True,
            "retain_intermediate_calculation_columns": False,
        }

    def _comparison(self, name: str) -> dict[str, Any]:
        levels = [self._level(name, level) for level in COMPARISONS[name]]
        return {"output_column_name": name, "comparison_levels": levels}

    def _level(self, comparison: str, level: Level) -> dict[str, Any]:
        told: dict[str, Any] = {
            "sql_condition": level.condition,
            "label_for_charts": level.name,
        }
        if level.says_nothing:
            return told | {"is_null_level": True}
        m, u = self.worth(comparison, level.name)
        return told | {"m_probability": m, "u_probability": u}

    def json(self) -> str:
        """As `read_model` reads it."""
        levels = {
            comparison: {name: worth._asdict() for name, worth in found.items()}
            for comparison, found in self.levels.items()
        }
        told = asdict(self) | {"levels": levels}
        return json.dumps(told, indent=1) + "\n"


def read_model(text: str) -> MatchModel:
    """A model from its JSON.

    Raises:
        IdentityError: It has other levels than those that records are compared by now.
    """
    told = json.loads(text)
    has = {(comparison, name) for comparison, found in told["levels"].items() for name in found}
    needs = {(comparison, name) for comparison in COMPARISONS for name in level_names(comparison)}
    if has != needs:
        differing = ", ".join(f"{comparison}: {name}" for comparison, name in sorted(has ^ needs))
        raise IdentityError(
            f"The model {told['name']} was trained for other levels of agreement ({differing}). "
            "Train one anew: `customer360 identity train`."
        )
    levels = {
        comparison: {name: Worth(**worth) for name, worth in found.items()}
        for comparison, found in told["levels"].items()
    }
    return MatchModel(**told | {"levels": levels})


def default_model() -> MatchModel:
    """The model that comes with the platform."""
    return read_model(files("customer360.identity").joinpath("default_model.json").read_text())
