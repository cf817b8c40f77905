"""A refresh of the semantic model, against a stand-in of Power BI's interface over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import dagster as dg
import pyarrow as pa
import pytest

from customer360 import keys
from customer360.assets.power_bi import SEMANTIC_MODEL, build_power_bi_assets
from customer360.commands.doctor_checks import DoubtError, power_bi_answers
from customer360.errors import PowerBiError
from customer360.resources.lake import Lake
from customer360.resources.patience import Patience
from customer360.resources.power_bi import PowerBi
from customer360.resources.power_bi_answers import Refresh, UnansweredError
from customer360.resources.power_bi_asked import Asked, AskedRefresh
from customer360.resources.power_bi_refresh import refresh_model
from customer360.settings import Settings
from customer360_tests.power_bi.server import MODEL, WORKSPACE, StandIn, serving

# Short, so that what takes minutes in Power BI takes a moment here.
PATIENCE = Patience(first_poll=0.005, longest_poll=0.01, run=20, cancelling=10, vanished=0.05)


class KilledError(BaseException):
    """The process is gone."""


@dataclass
class Setting:
    """A model, what is written down about it, and what was told."""

    stand_in: StandIn
    power_bi: PowerBi
    notes: AskedRefresh
    told: list[str] = field(default_factory=list)

    def refresh(self, gold: str = "run-1") -> Refresh:
        return refresh_model(self.power_bi, self.notes, gold, self.told.append)

    def die_when_told(self, words: str, gold: str = "run-1") -> None:
        """Refresh in a process that is killed when it would say these words."""

        def tell(sentence: str) -> None:
            self.told.append(sentence)
            if words in sentence:
                raise KilledError

        with pytest.raises(KilledError):
            refresh_model(self.power_bi, self.notes, gold, tell)

    def impatient(self, patience: Patience) -> None:
        self.power_bi = replace(self.power_bi, patience=patience)
        self.notes = replace(self.notes, power_bi=self.power_bi)


@pytest.fixture
def setting() -> Iterator[Setting]:
    stand_in = StandIn()
    with serving(stand_in) as endpoint, dg.DagsterInstance.ephemeral() as instance:
        power_bi = PowerBi(WORKSPACE, MODEL, endpoint, PATIENCE)
        notes = AskedRefresh(instance.daemon_cursor_storage, power_bi)
        yield Setting(stand_in, power_bi, notes)


def test_refresh_completes_and_is_followed_by_its_request_id(setting: Setting) -> None:
    done = setting.refresh()
    assert done == Refresh(
        request_id="refresh-1",
        status="Completed",
        started_at="2026-01-01T03:00:00Z",
        ended_at="2026-01-01T03:10:00Z",
    )
    assert setting.stand_in.asked == ["GET", "POST", *["GET /refresh-1"] * 3]
    assert setting.told == [f"Refresh refresh-1 is InProgress: {setting.power_bi.link}"]
    assert setting.notes.get() is None


def test_request_id_is_written_down_before_anything_is_waited_for(setting: Setting) -> None:
    setting.stand_in.begin("Scheduled", looks=0)
    setting.die_when_told("is InProgress")
    assert setting.notes.get() == Asked("run-1", "refresh-1", "refresh-2")


@pytest.mark.parametrize(
    ("ending", "message", "said"),
    [
        (
            "Failed",
            "The column 'segment' of the table wasn't found.",
            "ended as Failed: The column 'segment' of the table wasn't found. The history",
        ),
        ("Cancelled", "", "ended as Cancelled. Somebody cancelled it."),
        ("Disabled", "", "ended as Disabled. Power BI has disabled refreshes"),
        ("TimedOut", "", "ended as TimedOut. The history of refreshes"),
    ],
)
def test_refresh_says_how_it_ended_when_it_did_not_complete(
    setting: Setting, ending: str, message: str, said: str
) -> None:
    setting.stand_in.endings = [(ending, message)]
    with pytest.raises(PowerBiError) as error:
        setting.refresh()
    assert f"Refresh refresh-1 {said}" in str(error.value)
    assert setting.power_bi.link in str(error.value)
    # It is not open any more: the next one is asked for.
    assert setting.refresh().request_id == "refresh-2"


def test_refresh_waits_for_somebody_elses_and_then_asks_for_its_own(setting: Setting) -> None:
    setting.stand_in.begin("Scheduled", looks=3)
    assert setting.refresh().request_id == "refresh-2"
    assert setting.told[0] == (
        "Refresh refresh-1 of somebody else runs; waiting until it has ended."
    )
    assert len([s for s in setting.told if "somebody else" in s]) == 1
    assert setting.stand_in.asked.count("POST") == 4


def test_refresh_says_what_it_needs_when_it_is_refused_while_nothing_runs(
    setting: Setting,
) -> None:
    setting.stand_in.fault(400, "^POST", times=9)
    with pytest.raises(PowerBiError) as error:
        setting.refresh()
    assert str(error.value).startswith("Power BI: HTTP 400 Fault: the request was refused, and no")
    assert "capacity" in str(error.value)
    assert setting.stand_in.asked.count("POST") == 3


def test_refresh_waits_as_long_as_it_is_told_to_when_it_is_throttled(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("customer360.resources.power_bi_refresh.time.sleep", waited.append)
    setting.stand_in.fault(429, "^GET$", Retry_After="11")
    setting.stand_in.fault(429, "^POST", times=2, Retry_After="22")
    setting.stand_in.fault(429, "^GET /refresh-1", Retry_After="33")
    assert setting.refresh().request_id == "refresh-1"
    assert [seconds for seconds in waited if seconds > 1] == [11, 22, 22, 33]
    # A refusal is certain: nothing had to be looked for.
    assert setting.stand_in.asked[:5] == ["GET", "GET", "POST", "POST", "POST"]


def test_refresh_goes_on_when_power_bi_fails_for_a_while(setting: Setting) -> None:
    setting.stand_in.fault(500, "^GET$")
    setting.stand_in.fault(503, "^POST")
    setting.stand_in.fault(502, "^GET /refresh-1", times=3)
    assert setting.refresh().status == "Completed"
    assert setting.stand_in.started() == ["refresh-1"]
    looking = (
        "Looking at refresh refresh-1: Power BI: HTTP 502 Fault: the service failed; asking again"
    )
    assert [s for s in setting.told if "failed; asking again" in s] == [
        "Listing refreshes: Power BI: HTTP 500 Fault: the service failed; asking again",
        "Power BI: HTTP 503 Fault: the service failed; asking again",
        *[looking] * 3,
    ]


def test_refresh_is_not_asked_for_twice_when_the_answer_is_lost(setting: Setting) -> None:
    setting.stand_in.lose("^POST")
    assert setting.refresh().request_id == "refresh-1"
    assert setting.stand_in.started() == ["refresh-1"]


@pytest.mark.parametrize("words", ["is InProgress", "HTTP 503 Lost"])
def test_refresh_is_followed_by_the_next_process_when_the_first_is_killed(
    setting: Setting, words: str
) -> None:
    # Either while it waits, or before it knew the request id.
    setting.stand_in.looks = 4
    if "Lost" in words:
        setting.stand_in.lose("^POST")
    setting.die_when_told(words)
    assert setting.refresh().request_id == "refresh-1"
    assert setting.stand_in.started() == ["refresh-1"]
    assert "Following refresh refresh-1, which was asked for before." in setting.told


def test_refresh_is_asked_for_when_the_first_process_was_killed_before(setting: Setting) -> None:
    setting.stand_in.begin("ViaEnhancedApi", looks=0)
    setting.stand_in.fault(503, "^POST")
    setting.die_when_told("HTTP 503")
    assert setting.refresh().request_id == "refresh-2"
    assert "A refresh was to be asked for before, and never began." in setting.told


def test_refresh_that_read_older_gold_is_followed_by_another(setting: Setting) -> None:
    setting.die_when_told("is InProgress", gold="run-1")
    assert setting.refresh(gold="run-2").request_id == "refresh-2"
    assert setting.stand_in.asked.count("POST") == 2


def test_refresh_that_failed_while_nobody_looked_is_followed_by_another(setting: Setting) -> None:
    setting.stand_in.endings = [("Failed", "out of memory")]
    setting.die_when_told("is InProgress")
    assert setting.refresh().request_id == "refresh-2"


def test_refresh_that_power_bi_forgot_is_an_error(setting: Setting) -> None:
    setting.stand_in.fault(404, "^GET /refresh-1", times=9999)
    with pytest.raises(PowerBiError, match="does not know the refresh refresh-1 that it accepted"):
        setting.refresh()
    assert setting.notes.get() is None


def test_refresh_that_takes_too_long_is_cancelled(setting: Setting) -> None:
    setting.stand_in.looks = 10**6
    setting.impatient(replace(PATIENCE, run=0.1))
    with pytest.raises(PowerBiError, match=r"took longer .* was cancelled; it ended as Cancelled"):
        setting.refresh()
    assert "DELETE /refresh-1" in setting.stand_in.asked
    assert setting.notes.get() is None


def test_refresh_that_cannot_be_cancelled_stays_written_down(setting: Setting) -> None:
    setting.stand_in.looks, setting.stand_in.is_deaf_to_cancel = 10**6, True
    setting.impatient(replace(PATIENCE, run=0.1, cancelling=0.1))
    with pytest.raises(PowerBiError, match="has not ended after it was cancelled"):
        setting.refresh()
    asked = setting.notes.get()
    assert asked is not None
    assert asked.request_id == "refresh-1"


def test_waiting_for_somebody_else_ends(setting: Setting) -> None:
    setting.stand_in.begin("Scheduled", looks=10**6)
    setting.impatient(replace(PATIENCE, run=0.1))
    with pytest.raises(PowerBiError, match="No refresh could be asked for in"):
        setting.refresh()


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "could not be authenticated"),
        (403, "needs the role Contributor in the workspace"),
        (404, "check C360_POWER_BI_WORKSPACE and C360_POWER_BI_MODEL"),
    ],
)
def test_refresh_says_what_to_do_when_it_is_not_allowed(
    setting: Setting, status: int, hint: str
) -> None:
    setting.stand_in.fault(status, "^GET$")
    with pytest.raises(PowerBiError, match=hint):
        setting.refresh()
    assert setting.stand_in.started() == []


def test_plain_http_gets_no_token_and_nothing_says_one(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.refresh()
    assert setting.stand_in.authorizations == []

    class Identity:
        """Gives a token that must not be seen."""

        def get_token(self, *_: str, **__: object) -> object:
            from azure.core.credentials import AccessToken

            return AccessToken("not-to-be-seen", 9999999999)

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", Identity)
    # Nobody listens there: an error that has the token at hand.
    refused = PowerBi(WORKSPACE, MODEL, "https://127.0.0.1:9", PATIENCE)
    with pytest.raises(UnansweredError) as error:
        refused.latest()
    assert str(error.value) == "Power BI: no answer (ServiceRequestError)"
    assert "not-to-be-seen" not in repr(error.value) + repr(refused)


def test_identity_that_gets_no_token_is_an_error_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from azure.core.exceptions import ClientAuthenticationError

    class Nobody:
        """Finds no identity."""

        def get_token(self, *_: str, **__: object) -> object:
            raise ClientAuthenticationError("No identity was found.\nTried: a, b, c")

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", Nobody)
    with pytest.raises(PowerBiError) as error:
        PowerBi(WORKSPACE, MODEL, "https://127.0.0.1:9", PATIENCE).latest()
    assert str(error.value) == (
        "Power BI: the identity could not be authenticated: No identity was found."
    )


@pytest.fixture
def served(lake: Lake) -> Iterator[tuple[StandIn, Settings]]:
    stand_in = StandIn(looks=0)
    with serving(stand_in) as endpoint:
        named = {"power_bi_workspace": WORKSPACE, "power_bi_model": MODEL}
        yield stand_in, Settings(lake=lake.url, power_bi_endpoint=endpoint, **named)


def _record_refresh(lake: Lake, run_id: str) -> None:
    row = {
        "run_id": run_id,
        "as_of_date": date(2026, 1, 1),
        "loads_fingerprint": "f",
        "refreshed_at": datetime(2026, 1, 2, tzinfo=UTC),
    }
    lake.replace_where(keys.REFRESHES, pa.Table.from_pylist([row]), f"run_id = '{run_id}'")


def test_asset_tells_which_gold_it_shows(lake: Lake, served: tuple[StandIn, Settings]) -> None:
    stand_in, settings = served
    _record_refresh(lake, "lake-run-1")
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(build_power_bi_assets(settings), instance=instance)
    (made,) = result.asset_materializations_for_node("power_bi__customer360")
    values = {name: value.value for name, value in made.metadata.items()}
    assert made.asset_key == SEMANTIC_MODEL
    assert values == {
        "request_id": "refresh-1",
        "semantic_model": f"https://app.powerbi.com/groups/{WORKSPACE}/datasets/{MODEL}/details",
        "started_at": "2026-01-01T03:00:00Z",
        "ended_at": "2026-01-01T03:10:00Z",
        "as_of_date": "2026-01-01",
        "lake_refresh": "lake-run-1",
    }
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert stand_in.started() == ["refresh-1"]


def test_check_fails_when_gold_went_on_meanwhile(
    served: tuple[StandIn, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, settings = served
    found = iter([("lake-run-1", "2026-01-01"), ("lake-run-2", "2026-01-02")])
    monkeypatch.setattr("customer360.assets.power_bi.newest_gold", lambda _: next(found))
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(build_power_bi_assets(settings), instance=instance)
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["newest"].value == "lake-run-2"


def test_asset_is_only_shown_where_no_semantic_model_is_named(lake: Lake) -> None:
    (shown,) = build_power_bi_assets(Settings(lake=lake.url))
    assert isinstance(shown, dg.AssetSpec)
    assert shown.key == SEMANTIC_MODEL


def test_doctor_tells_how_the_latest_refresh_ended(served: tuple[StandIn, Settings]) -> None:
    stand_in, settings = served
    assert power_bi_answers(settings) == "answers; the semantic model has never been refreshed"
    stand_in.begin("Scheduled", looks=0)
    assert power_bi_answers(settings) == (
        "answers; the latest refresh, of 2026-01-01T03:00:00Z, is Completed"
    )
    stand_in.endings = [("Failed", "no memory")]
    stand_in.begin("Scheduled", looks=0)
    with pytest.raises(DoubtError, match="is Failed: no memory"):
        power_bi_answers(settings)
    assert power_bi_answers(Settings()).startswith("no semantic model is named")
