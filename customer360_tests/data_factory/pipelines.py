"""Runs of pipelines: control flow and activities, each recorded as the factory records it."""

from __future__ import annotations

import logging
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

from customer360.data_factory.factory import read_factory
from customer360_tests.data_factory.expressions import ExpressionError, evaluate
from customer360_tests.data_factory.faults import Faults
from customer360_tests.data_factory.runs import CancelledError, Json, PipelineRun
from customer360_tests.data_factory.steps import Step
from customer360_tests.data_factory.world import ActivityError, World

_LOG = logging.getLogger(__name__)


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
        # Set when somebody has asked for the state of a run.
        self.asked = threading.Event()
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
        except CancelledError:
            run.status = "Cancelled"
        except (ActivityError, ExpressionError) as error:
            run.status, run.message = "Failed", str(error)
        except BaseException:
            # Nobody would end it.
            run.status, run.message = "Failed", "the stand-in broke; its log says where"
            raise
        finally:
            run.updated = datetime.now(UTC)
            _LOG.info("%s %s: %s %s", run.pipeline, run.run_id, run.status, run.message)

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
            raise CancelledError
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
            step = Step(self, run, activity, local, record)
            record["output"] = step.execute()
            run.outputs[activity["name"]] = {"output": record["output"]}
            record["status"] = "Succeeded"
        except CancelledError:
            record["status"] = "Cancelled"
            record["error"]["message"] = "The activity was cancelled."
            raise
        except (ActivityError, ExpressionError) as error:
            record["status"] = "Failed"
            record["error"] = {"errorCode": "2200", "message": str(error), "target": "copy"}
            raise
        finally:
            record["activityRunEnd"] = datetime.now(UTC).isoformat()
