"""The `ingestion` role played by Azure Data Factory: start, find, watch and cancel its runs.

Azure's client is imported at first use: it takes seconds, and definitions load without it. What a
run copied is summed up in `resources.copy_runs`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from customer360.data_factory.vocabulary import (
    ENTITIES,
    ENTITY,
    INGEST_DAY,
    REQUEST,
    WINDOW_END,
    WINDOW_START,
)
from customer360.errors import IngestionError
from customer360.resources.copy_runs import SUCCEEDED, EntityCopy, Run, entity_copy
from customer360.resources.data_factory_client import (
    asking,
    build_client,
    in_words,
    is_unanswered,
    retry_after,
)
from customer360.resources.patience import Patience

if TYPE_CHECKING:
    from azure.mgmt.datafactory import DataFactoryManagementClient
    from azure.mgmt.datafactory.models import PipelineRun

Tell = Callable[[str], None]
# The factory lists a run some seconds after it has begun; clocks differ.
_SLACK: Final = timedelta(minutes=10)
_START_ATTEMPTS: Final = 6


@dataclass(frozen=True)
class DataFactory:
    """One factory.

    Attributes:
        subscription: Id of its Azure subscription.
        resource_group: Its resource group.
        name: Its name.
        endpoint: Address of the management interface; Azure's own when None.
        patience: How long to wait.
    """

    subscription: str
    resource_group: str
    name: str
    endpoint: str | None = field(default=None, repr=False)
    patience: Patience = field(default_factory=Patience)

    def link(self, run_id: str) -> str:
        """Address of a run's page in the factory's monitor."""
        factory = (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.DataFactory/factories/{self.name}"
        )
        return (
            f"https://adf.azure.com/en/monitoring/pipelineruns/{run_id}"
            f"?factory={quote(factory, safe='')}"
        )

    def start(self, day: date, entities: Sequence[str], request: str, tell: Tell) -> str:
        """Start the copy of a day; returns the id of its run.

        When the factory's answer is lost, the run may have begun all the same: it is looked for
        before another one is started.

        Args:
            day: The window's day (UTC), and the landing day.
            entities: What to copy, as `<source>__<entity>`.
            request: Unique text that goes along with the run and by which it is found.
            tell: Takes a sentence for the log.

        Raises:
            IngestionError: The factory refuses, or does not answer for long.
        """
        from azure.core.exceptions import AzureError

        parameters = run_parameters(day, entities, request)
        since, waits, said = datetime.now(UTC), self.patience.polls(), ""
        for attempt in range(_START_ATTEMPTS):
            try:
                # The client's own retry would start a second run after an answer that was lost.
                created = self._client.pipelines.create_run(
                    *self._place, INGEST_DAY, parameters, retry_total=0
                )
            except AzureError as error:
                said = in_words(error)
                if not is_unanswered(error):
                    raise IngestionError(f"Data Factory did not start a run: {said}") from error
                tell(f"Starting a run of {INGEST_DAY}, attempt {attempt + 1}: {said}")
                time.sleep(retry_after(error) or next(waits))
                found = self.find(request, since)
                if found is not None:
                    return found
            else:
                return str(created.run_id)
        raise IngestionError(
            f"Data Factory {self.name} started no run in {_START_ATTEMPTS} attempts; last: {said}"
        )

    def find(self, request: str, since: datetime) -> str | None:
        """Id of the run that was started for a request; None when there is none.

        Raises:
            IngestionError: The factory refuses, or does not answer for long.
        """
        runs = self.runs(since - _SLACK, datetime.now(UTC) + _SLACK)
        return next((run.run_id for run in runs if run.request == request), None)

    def runs(self, after: datetime, before: datetime) -> Iterator[Run]:
        """Runs of the master pipeline that the factory changed in a span of time, oldest first.

        Raises:
            IngestionError: The factory refuses, or does not answer for long.
        """
        from azure.mgmt.datafactory import models

        wanted = models.RunQueryFilter(
            operand="PipelineName", operator="Equals", values_property=[INGEST_DAY]
        )
        span = models.RunFilterParameters(
            last_updated_after=after,
            last_updated_before=before,
            filters=[wanted],
            order_by=[models.RunQueryOrderBy(order_by="RunStart", order="ASC")],
        )
        while True:
            with asking(f"Runs of Data Factory {self.name} cannot be listed"):
                page = self._client.pipeline_runs.query_by_factory(*self._place, span)
            yield from (_run(each) for each in page.value)
            if not page.continuation_token:
                return
            span.continuation_token = page.continuation_token

    def look(self, run_id: str) -> Run | None:
        """A run as it is now; None when the factory knows none of this id."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return _run(self._client.pipeline_runs.get(*self._place, run_id))
        except ResourceNotFoundError:
            return None

    def cancel(self, run_id: str) -> None:
        """Ask for the end of a run and of the runs that it has started."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            self._client.pipeline_runs.cancel(*self._place, run_id, is_recursive=True)
        except ResourceNotFoundError:
            return

    def copies(self, run_id: str) -> list[EntityCopy]:
        """What a run copied, per entity.

        Raises:
            IngestionError: The factory refuses, or does not answer for long.
        """
        with asking(f"What run {run_id} copied cannot be read ({self.link(run_id)})"):
            return list(self._copies(run_id))

    def _copies(self, run_id: str) -> Iterator[EntityCopy]:
        for child in self._children(run_id):
            run = self._client.pipeline_runs.get(*self._place, child)
            entity = (run.parameters or {}).get(ENTITY)
            if entity:
                activities = list(self._deep_activities(child))
                failure = "" if run.status == SUCCEEDED else f"{run.status}: {run.message or ''}"
                yield entity_copy(entity, activities, failure=failure)

    def _deep_activities(self, run_id: str) -> Iterator[dict[str, Any]]:
        yield from self._activities(run_id)
        for child in self._children(run_id):
            yield from self._deep_activities(child)

    def _children(self, run_id: str) -> list[str]:
        """Runs that a run has started."""
        outputs = [
            each.get("output") or {}
            for each in self._activities(run_id)
            if each["activityType"] == "ExecutePipeline"
        ]
        return [output["pipelineRunId"] for output in outputs if "pipelineRunId" in output]

    def _activities(self, run_id: str) -> list[dict[str, Any]]:
        """Activity runs of one pipeline run, in order of their start."""
        from azure.mgmt.datafactory import models

        # The factory keeps runs for 45 days.
        now = datetime.now(UTC)
        span = models.RunFilterParameters(
            last_updated_after=now - timedelta(days=45), last_updated_before=now + _SLACK
        )
        found: list[dict[str, Any]] = []
        while True:
            page = self._client.activity_runs.query_by_pipeline_run(*self._place, run_id, span)
            found += [each.as_dict() for each in page.value]
            if not page.continuation_token:
                return sorted(found, key=lambda each: str(each.get("activityRunStart")))
            span.continuation_token = page.continuation_token

    @property
    def _place(self) -> tuple[str, str]:
        return self.resource_group, self.name

    @cached_property
    def _client(self) -> DataFactoryManagementClient:
        return build_client(self.subscription, self.endpoint)


def run_parameters(day: date, entities: Sequence[str], request: str) -> dict[str, Any]:
    """Parameters of the master pipeline for a day."""
    return {
        WINDOW_START: f"{day}T00:00:00Z",
        WINDOW_END: f"{day + timedelta(days=1)}T00:00:00Z",
        ENTITIES: list(entities),
        REQUEST: request,
    }


def _run(found: PipelineRun) -> Run:
    parameters = found.parameters or {}
    start = str(parameters.get(WINDOW_START) or "")[:10]
    try:
        day = date.fromisoformat(start)
    except ValueError:
        day = None
    invoked = found.invoked_by
    return Run(
        run_id=str(found.run_id),
        status=str(found.status),
        message=found.message or "",
        day=day,
        entities=_texts(parameters.get(ENTITIES)),
        request=str(parameters.get(REQUEST) or ""),
        started_by=str(invoked.name or "") if invoked else "",
        started_at=found.run_start,
        updated_at=found.last_updated,
    )


def _texts(value: Any) -> tuple[str, ...]:
    """A list parameter: the interface gives every parameter as text, this one as JSON."""
    return tuple(json.loads(value) if isinstance(value, str) else value or [])
