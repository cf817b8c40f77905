"""Activities of pipelines: copying, publishing a copy, calling another pipeline."""

from __future__ import annotations

from typing import Any, Final

from customer360.data_factory.vocabulary import (
    COPY_PREFIX,
    INCOMING,
    PUBLISH,
    WINDOW_START,
    Json,
    expression,
    parameter,
    reference,
    shared,
)

# Of the storage interface that renames; the first with all that is used here is from 2018.
_STORAGE_VERSION: Final = "2023-11-03"
# Landing day of a run, inside an expression.
DAY: Final = f"formatDateTime({parameter(WINDOW_START)}, 'yyyy-MM-dd')"
_DAY_FOLDER: Final = f"{shared('landing_folder')}, '/', {parameter('item')}.folder, '/dt=', {DAY}"
# Where a run writes aside: inside the day's folder, which therefore exists when the copy is
# renamed into it, and under the run's id, so that two runs of a window never write one file.
ASIDE_FOLDER: Final = f"concat({_DAY_FOLDER}, '/{INCOMING}/', pipeline().RunId)"
COPY_FILE: Final = f"concat('{COPY_PREFIX}', {DAY}, '.jsonl')"


def activity(
    name: str, kind: str, properties: Json, *, after: tuple[str, ...] = (), **more: Any
) -> Json:
    """An activity that runs when those named in `after` have succeeded."""
    depends = [{"activity": each, "dependencyConditions": ["Succeeded"]} for each in after]
    return {
        "name": name,
        "type": kind,
        "dependsOn": depends,
        "userProperties": [],
        "typeProperties": properties,
        **more,
    }


def policy(timeout: str, *, retries: int = 2, seconds: int = 60) -> Json:
    """How long an activity may take (`d.hh:mm:ss`) and how often it is tried again."""
    return {
        "timeout": timeout,
        "retry": retries,
        "retryIntervalInSeconds": seconds,
        "secureOutput": False,
        "secureInput": False,
    }


def copy_activity(
    name: str, source: Json, sink: Json, reads: Json, writes: Json, **more: Any
) -> Json:
    """A copy whose figures the factory itself compares: what was read must have been written."""
    properties = {
        "source": source,
        "sink": sink,
        "enableStaging": False,
        "validateDataConsistency": True,
        **more,
    }
    return activity(
        name,
        "Copy",
        properties,
        policy=policy("0.04:00:00"),
        inputs=[reads],
        outputs=[writes],
    )


def in_lake(dataset: str, folder: str, file: str = "") -> Json:
    """Reference to a dataset below the lake's container; arguments are inside expressions."""
    values = {"folder": expression(folder)} | ({"file": expression(file)} if file else {})
    return reference(
        "Dataset",
        dataset,
        url=expression(shared("lake_url")),
        container=expression(shared("lake_container")),
        **values,
    )


def publish(file: str, *, after: tuple[str, ...] = ()) -> Json:
    """Rename a copy into the day's folder: readers see all of it or nothing, a repeat replaces it.

    The factory has no activity that renames, so its identity asks the storage, as its own copies
    do. Needs a storage account with a hierarchical namespace.

    Args:
        file: Name of the file, inside an expression.
        after: Activities that have to succeed before.
    """
    name = f"encodeUriComponent({file})"
    target = f"concat({shared('lake_url')}, '/', {shared('lake_container')}, '/', {_DAY_FOLDER}"
    aside = f"concat('/', {shared('lake_container')}, '/', {ASIDE_FOLDER}, '/', {name})"
    properties = {
        "method": "PUT",
        "url": expression(f"{target}, '/', {name})"),
        "headers": {
            "x-ms-rename-source": expression(aside),
            "x-ms-version": _STORAGE_VERSION,
        },
        "body": "",
        "authentication": {"type": "MSI", "resource": "https://storage.azure.com/"},
    }
    # After an answer that was lost, the second try finds nothing to rename and the run fails; the
    # file is there, and repeating the window replaces it.
    return activity(PUBLISH, "WebActivity", properties, after=after, policy=policy("0.00:10:00"))


def call(name: str, pipeline: str, parameters: Json) -> Json:
    """Run another pipeline and wait for it."""
    properties = {
        "pipeline": reference("Pipeline", pipeline),
        "waitOnCompletion": True,
        "parameters": parameters,
    }
    return activity(name, "ExecutePipeline", properties)
