"""What each kind of activity does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from customer360_tests.data_factory.copies import copy, get_metadata
from customer360_tests.data_factory.expressions import evaluate
from customer360_tests.data_factory.faults import FAIL, HANG, PARTIAL, TRUNCATE
from customer360_tests.data_factory.runs import CancelledError, Json, PipelineRun
from customer360_tests.data_factory.world import ActivityError, World

if TYPE_CHECKING:
    from customer360_tests.data_factory.pipelines import StandInFactory


class Step:
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
            raise CancelledError

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
            raise CancelledError
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
