"""Runs of pipelines: control flow and activities, each recorded as the factory records it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from customer360.data_factory.factory import read_factory
from customer360_tests.data_factory.copies import copy, get_metadata
from customer360_tests.data_factory.expressions import ExpressionError, evaluate
from customer360_tests.data_factory.faults import FAIL, HANG, PARTIAL, TRUNCATE, Faults
from customer360_tests.data_factory.world import ActivityError, World

Json = dict[str, Any]


class _CancelledError(Exception):
    """The run has been cancelled."""


@dataclass
class PipelineRun:
    """One run of a pipeline, with its activity runs in the factory's names."""

    pipeline: str
    parameters: Json
    invoked_by: Json
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    message: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    activities: list[Json] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    outputs: dict[str, Json] = field(default_factory=dict)


class StandInFactory:
    """The factory of a folder of JSON files.

    Args:
        folder: The folder, as `adf/`.
        world: What it can reach.
    """

    def __init__(self, folder: Path, world: World) -> None:
        self.documents = read_factory(folder)
        self.world = world
        self.faults = Faults()
        self.runs: dict[str, PipelineRun] = {}
        self._threads: list[threading.Thread] = []

    def start(self, pipeline: str, parameters: Json, invoked_by: Json) -> str:
        """Start a run in the background; returns its id."""
        run = PipelineRun(pipeline, self._with_defaults(pipeline, parameters), invoked_by)
        self.runs[run.run_id] = run
        thread = threading.Thread(target=self._execute, args=[run], daemon=True)
        self._threads.append(thread)
        thread.start()
        return run.run_id

    def fire(self, trigger: str, start: str, end: str) -> str:
        """Let a tumbling-window trigger start the run of a window; returns its id."""
        properties = self.documents[f"trigger/{trigger}.json"]["properties"]
        assert properties["type"] == "TumblingWindowTrigger"
        outputs = {"outputs": {"windowStartTime": start, "windowEndTime": end}}
        parameters = evaluate(properties["pipeline"]["parameters"], {"trigger": lambda: outputs})
        target = properties["pipeline"]["pipelineReference"]["referenceName"]
        invoked = {"id": "t1", "name": trigger, "invokedByType": properties["type"]}
        return self.start(target, parameters, invoked)

    def cancel(self, run_id: str) -> None:
        """Cancel a run and those that it has started."""
        for run in list(self.runs.values()):
            parent = run.invoked_by.get("pipelineRunId")
            if run.run_id == run_id or parent == run_id:
                run.cancelled.set()
                if run.run_id != run_id:
                    self.cancel(run.run_id)

    def wait(self) -> None:
        """Wait until nothing runs."""
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive()

    def masters(self) -> list[PipelineRun]:
        """Runs that no other run has started, oldest first."""
        return [run for run in self.runs.values() if "pipelineRunId" not in run.invoked_by]

    def _with_defaults(self, pipeline: str, given: Json) -> Json:
        document = self.documents[f"pipeline/{pipeline}.json"]
        declared = document["properties"]["parameters"]
        assert given.keys() <= declared.keys(), (pipeline, given.keys() - declared.keys())
        defaults = {n: d["defaultValue"] for n, d in declared.items() if "defaultValue" in d}
        assert declared.keys() <= {**defaults, **given}.keys(), (pipeline, given.keys())
        return defaults | given

    def _execute(self, run: PipelineRun) -> None:
        properties = self.documents[f"pipeline/{run.pipeline}.json"]["properties"]
        try:
            self._in_order(run, properties["activities"], {})
            run.status = "Succeeded"
        except _CancelledError:
            run.status = "Cancelled"
        except (ActivityError, ExpressionError) as error:
            run.status, run.message = "Failed", str(error)
        run.updated = datetime.now(UTC)

    def _in_order(self, run: PipelineRun, activities: list[Json], local: Json) -> None:
        """Execute activities one after the other; `adf/` lists them in that order."""
        ended: set[str] = set()
        for activity in activities:
            for depends in activity["dependsOn"]:
                assert depends["dependencyConditions"] == ["Succeeded"]
                assert depends["activity"] in ended, activity["name"]
            self._tried(run, activity, local)
            ended.add(activity["name"])

    def _tried(self, run: PipelineRun, activity: Json, local: Json) -> None:
        attempts = activity.get("policy", {}).get("retry", 0) + 1
        for attempt in range(attempts):
            try:
                self._recorded(run, activity, local)
            except (ActivityError, ExpressionError) as error:
                if attempt + 1 == attempts:
                    raise ActivityError(
                        f"Operation on target {activity['name']} failed: {error}"
                    ) from error
            else:
                return

    def _recorded(self, run: PipelineRun, activity: Json, local: Json) -> None:
        if run.cancelled.is_set():
            raise _CancelledError
        record: Json = {
            "pipelineName": run.pipeline,
            "pipelineRunId": run.run_id,
            "activityName": activity["name"],
            "activityType": activity["type"],
            "activityRunId": str(uuid.uuid4()),
            "status": "InProgress",
            "activityRunStart": datetime.now(UTC).isoformat(),
            "input": {},
            "output": {},
            "error": {"errorCode": "", "message": "", "failureType": "", "target": ""},
        }
        run.activities.append(record)
        try:
            step = _Step(self, run, activity, local, record)
            record["output"] = step.execute()
            run.outputs[activity["name"]] = {"output": record["output"]}
            record["status"] = "Succeeded"
        except _CancelledError:
            record["status"] = "Cancelled"
            record["error"]["message"] = "The activity was cancelled."
            raise
        except (ActivityError, ExpressionError) as error:
            record["status"] = "Failed"
            record["error"] = {"errorCode": "2200", "message": str(error), "target": "copy"}
            raise
        finally:
            record["activityRunEnd"] = datetime.now(UTC).isoformat()


class _Step:
    """One try of one activity."""

    def __init__(
        self, factory: StandInFactory, run: PipelineRun, activity: Json, local: Json, record: Json
    ) -> None:
        self._factory = factory
        self._run = run
        self._activity = activity
        self._local = local
        self._record = record
        self._fault = factory.faults.of_activity(
            str(run.parameters.get("entity", "")), activity["name"]
        )

    def execute(self) -> Json:
        """Do it; returns its output."""
        if self._fault == FAIL:
            raise ActivityError("the source system closed the connection")
        if self._fault == HANG:
            while not (self._factory.faults.released.is_set() or self._run.cancelled.is_set()):
                self._factory.faults.released.wait(timeout=0.02)
        self._stop_if_cancelled()
        methods: dict[str, Callable[[], Json]] = {
            "Copy": self._copy,
            "WebActivity": self._web,
            "GetMetadata": self._metadata,
            "Filter": self._filter,
            "ForEach": self._for_each,
            "IfCondition": self._if,
            "Switch": self._switch,
            "ExecutePipeline": self._call,
            "Fail": self._fail,
        }
        return methods[self._activity["type"]]()

    def _stop_if_cancelled(self) -> None:
        if self._run.cancelled.is_set():
            raise _CancelledError

    def _value(self, value: Any, **local: Any) -> Any:
        shared = {
            name: what["value"]
            for document in self._factory.documents.values()
            for name, what in document["properties"].get("globalParameters", {}).items()
        }
        pipeline = {
            "parameters": self._run.parameters,
            "globalParameters": shared,
            "RunId": self._run.run_id,
        }
        scope = {
            "pipeline": lambda: pipeline,
            "activity": lambda name: self._run.outputs[name],
            **{name: lambda each=each: each for name, each in (self._local | local).items()},
        }
        return evaluate(value, scope)

    def _properties(self) -> Json:
        found = self._value(self._activity["typeProperties"])
        assert isinstance(found, dict)
        return found

    def _dataset(self, reference: Json) -> Json:
        """A dataset with its parameters filled in, and its linked service, likewise."""
        name = reference["referenceName"]
        document = self._factory.documents[f"dataset/{name}.json"]["properties"]
        dataset = self._value(document, dataset=self._value(reference["parameters"]))
        service_name = dataset["linkedServiceName"]["referenceName"]
        service = self._factory.documents[f"linkedService/{service_name}.json"]["properties"]
        given = dataset["linkedServiceName"].get("parameters", {})
        return dict(dataset) | {"service": self._value(service, linkedService=given)}

    def _copy(self) -> Json:
        reads, writes = (self._dataset(self._activity[role][0]) for role in ("inputs", "outputs"))
        output = copy(
            self._factory.world, self._properties(), reads, writes, self._stop_if_cancelled
        )
        if self._fault == PARTIAL:
            what = "rowsCopied" if "rowsCopied" in output else "filesWritten"
            output[what] -= 1
        if self._fault == TRUNCATE:
            _lose_last_line(self._factory.world, writes)
        return output

    def _web(self) -> Json:
        request = self._properties()
        self._record["input"] = {k: request[k] for k in ("method", "url", "headers")}
        self._factory.world.rename(request)
        return {}

    def _metadata(self) -> Json:
        properties = self._activity["typeProperties"]
        dataset = self._dataset(properties["dataset"])
        return get_metadata(self._factory.world, properties["fieldList"], dataset)

    def _filter(self) -> Json:
        properties = self._activity["typeProperties"]
        items = self._value(properties["items"])
        kept = [each for each in items if self._value(properties["condition"], item=each)]
        return {"ItemsCount": len(items), "FilteredItemsCount": len(kept), "value": kept}

    def _for_each(self) -> Json:
        properties = self._activity["typeProperties"]
        items = self._value(properties["items"])

        def one(item: Any) -> None:
            self._factory._in_order(self._run, properties["activities"], {"item": item})

        with ThreadPoolExecutor(max_workers=properties["batchCount"]) as pool:
            futures = [pool.submit(one, item) for item in items]
        for future in futures:
            future.result()
        return {}

    def _if(self) -> Json:
        properties = self._activity["typeProperties"]
        if self._value(properties["expression"]):
            self._factory._in_order(self._run, properties["ifTrueActivities"], self._local)
        return {}

    def _switch(self) -> Json:
        properties = self._activity["typeProperties"]
        cases = {case["value"]: case["activities"] for case in properties["cases"]}
        chosen = cases.get(self._value(properties["on"]), properties["defaultActivities"])
        self._factory._in_order(self._run, chosen, self._local)
        return {}

    def _call(self) -> Json:
        properties = self._properties()
        assert properties["waitOnCompletion"] is True
        name = properties["pipeline"]["referenceName"]
        invoked = {
            "id": self._run.run_id,
            "name": self._run.pipeline,
            "invokedByType": "PipelineActivity",
            "pipelineRunId": self._run.run_id,
        }
        parameters = self._factory._with_defaults(name, properties["parameters"])
        child = PipelineRun(name, parameters, invoked)
        self._factory.runs[child.run_id] = child
        self._record["output"] = {"pipelineRunId": child.run_id, "pipelineName": name}
        if self._run.cancelled.is_set():
            child.cancelled.set()
        self._factory._execute(child)
        if child.status == "Cancelled":
            raise _CancelledError
        if child.status == "Failed":
            raise ActivityError(child.message)
        return dict(self._record["output"])

    def _fail(self) -> Json:
        raise ActivityError(self._properties()["message"])


def _lose_last_line(world: World, dataset: Mapping[str, Any]) -> None:
    """What a storage that loses its last block does: the factory counts more than is there."""
    location = dataset["typeProperties"]["location"]
    path = world.folder(dataset["service"], location) / location["fileName"]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
