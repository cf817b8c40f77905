"""Training a model of matching on a lake's own records, without being told who is who.

Splink estimates u from random pairs, which are hardly ever one person, and m by expectation
maximisation over pairs that share something, once for each of several things; what a pair shares
says nothing about itself, so each estimate leaves its own fields out. Nothing here is random: the
sample is drawn with a fixed seed from records in the order of their nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from customer360.errors import IdentityError
from customer360.identity.comparisons import level_names
from customer360.identity.match_model import MatchModel, Worth, default_model
from customer360.identity.scoring import matching_database, open_linker

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb
    import pyarrow as pa

_SEED: Final = 1
_RANDOM_PAIRS: Final = 20_000_000
_SHARED_PAIRS: Final = 5_000_000
# Fewer pairs that share something teach nothing about it.
_FEWEST_PAIRS: Final = 200
# Whose records agree in one of these is nearly always one person, and that is so of this share of
# pairs of one person: by rule of thumb, as Splink's own documentation has it.
_SURELY_ONE: Final = (
    ("email", "first_name"),
    ("phone", "first_name"),
    ("date_of_birth", "first_name"),
    ("date_of_birth", "last_name"),
)
_SURELY_ONE_SHARE: Final = 0.7
# Fewer records have too few pairs of one person to learn from.
FEWEST_RECORDS: Final = 1_000
_SHARED: Final = (
    ("email",),
    ("phone",),
    ("date_of_birth",),
    ("date_of_birth", "last_name"),
    ("first_name", "last_name"),
    ("postal_code", "street"),
    ("postal_code",),
)


def train(records: pa.Table, name: str, trained_on: str, tell: Callable[[str], None]) -> MatchModel:
    """Estimate a model's probabilities.

    Args:
        records: Rows of `match_records`.
        name: Name of the model.
        trained_on: What it is trained on, in words.
        tell: Told what is done.

    Returns:
        The model. A field that no two records share keeps the default model's probabilities.

    Raises:
        IdentityError: There are fewer than `FEWEST_RECORDS` records, or too few agree in anything.
    """
    from splink import DuckDBAPI

    if records.num_rows < FEWEST_RECORDS:
        raise IdentityError(
            f"{records.num_rows:,} records to match are too few to train a model on: expected "
            f"{FEWEST_RECORDS:,} or more. The model in use stays."
        )
    with matching_database() as connection:
        connection.register("records_given", records)
        connection.execute("create table match_records as from records_given order by node")
        linker = open_linker(DuckDBAPI(connection=connection), "match_records", _untrained())
        tell(f"estimating u from random pairs of {records.num_rows:,} records")
        linker.training.estimate_u_using_random_sampling(
            max_pairs=_RANDOM_PAIRS, seed=_SEED, min_count_per_level=None, num_chunks=1
        )
        learned = 0
        for shared in _SHARED:
            pairs = _pairs_sharing(connection, shared)
            if not _FEWEST_PAIRS <= pairs <= _SHARED_PAIRS:
                tell(f"not estimating m from {pairs:,} pairs of the same {' and '.join(shared)}")
                continue
            tell(f"estimating m from {pairs:,} pairs of the same {' and '.join(shared)}")
            linker.training.estimate_parameters_using_expectation_maximisation(_same(shared))
            learned += 1
        linker.training.estimate_probability_two_random_records_match(
            [_same(fields) for fields in _SURELY_ONE], recall=_SURELY_ONE_SHARE
        )
        found = linker.misc.save_model_to_json()
    prior = found["probability_two_random_records_match"]
    if not learned or not 0 < prior < 1:
        raise IdentityError(
            "Too few of the records agree in anything to learn from them: no model was trained, "
            "and the one in use stays."
        )
    pairs_per_record = _rounded(prior * (records.num_rows - 1) / 2)
    assert pairs_per_record is not None
    return MatchModel(name, trained_on, records.num_rows, pairs_per_record, _trained(found))


def _same(fields: tuple[str, ...]) -> str:
    """Splink's condition that two records agree in fields."""
    return " and ".join(f"l.{field} = r.{field}" for field in fields)


def _untrained() -> dict[str, Any]:
    settings = default_model().settings(1)
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            level.pop("m_probability", None)
            level.pop("u_probability", None)
    return settings


def _pairs_sharing(connection: duckdb.DuckDBPyConnection, fields: tuple[str, ...]) -> int:
    known = " and ".join(f"{field} is not null" for field in fields)
    rows = connection.execute(
        f"select coalesce(sum(n * (n - 1)) // 2, 0) from (select count(*) as n from match_records "
        f"where {known} group by {', '.join(fields)})"
    ).fetchall()
    return int(rows[0][0])


def _trained(settings: dict[str, Any]) -> dict[str, dict[str, Worth]]:
    """Probabilities by comparison and level, to six digits."""
    default = default_model()
    levels: dict[str, dict[str, Worth]] = {}
    for comparison in settings["comparisons"]:
        name = comparison["output_column_name"]
        found = {
            level["label_for_charts"]: Worth(
                _rounded(level.get("m_probability")), _rounded(level.get("u_probability"))
            )
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        }
        told = level_names(name)
        knows_both_ends = all(None not in found[level] for level in (told[0], told[-1]))
        levels[name] = found if knows_both_ends else default.levels[name]
    return levels


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else float(f"{probability:.6g}")
