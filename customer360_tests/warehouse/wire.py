"""Results on the wire: a running statement, and its Arrow table as Thrift."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import ttypes
from pyspark.errors import PySparkException

OK: Final = ttypes.TStatus(statusCode=ttypes.TStatusCode.SUCCESS_STATUS)
_STATE: Final = ttypes.TOperationState
# Kinds of Arrow types by the name that Thrift gives them; everything else travels as text.
_KINDS: Final[tuple[tuple[Callable[[pa.DataType], bool], str], ...]] = (
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_int8, "TINYINT"),
    (pa.types.is_int16, "SMALLINT"),
    (pa.types.is_int32, "INT"),
    (pa.types.is_int64, "BIGINT"),
    (pa.types.is_float32, "FLOAT"),
    (pa.types.is_float64, "DOUBLE"),
    (pa.types.is_decimal, "DECIMAL"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_timestamp, "TIMESTAMP"),
    (pa.types.is_binary, "BINARY"),
    (pa.types.is_map, "MAP"),
    (pa.types.is_list, "ARRAY"),
    (pa.types.is_struct, "STRUCT"),
    (pa.types.is_null, "NULL"),
)


@dataclass
class Operation:
    """A statement that has been handed to the engine.

    Attributes:
        result: Its rows, once it has ended.
        cancel: Stops it.
        rows_sent: Rows that the client has fetched.
    """

    result: Future[pa.Table]
    cancel: Callable[[], None]
    rows_sent: int = field(default=0)

    def status(self, patience_seconds: float) -> Any:
        """Whether it is done, having waited for it this long."""
        try:
            self.result.result(patience_seconds)
        except StillRunning:
            return ttypes.TGetOperationStatusResp(status=OK, operationState=_STATE.RUNNING_STATE)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the client's to know
            return _failed(error)
        return ttypes.TGetOperationStatusResp(status=OK, operationState=_STATE.FINISHED_STATE)

    def metadata(self) -> Any:
        """The columns of the result."""
        schema = self.result.result().schema
        columns = [_column(position, column) for position, column in enumerate(schema, start=1)]
        return ttypes.TGetResultSetMetadataResp(
            status=OK,
            schema=ttypes.TTableSchema(columns=columns),
            resultFormat=ttypes.TSparkRowSetType.ARROW_BASED_SET,
            lz4Compressed=False,
            arrowSchema=schema.serialize().to_pybytes(),
        )

    def fetch(self, limit: int) -> Any:
        """The next rows, at most so many."""
        table = self.result.result()
        part = table.slice(self.rows_sent, limit).combine_chunks()
        batches = [
            ttypes.TSparkArrowBatch(batch=b.serialize().to_pybytes(), rowCount=b.num_rows)
            for b in (part.to_batches() if table.num_columns else ())
        ]
        rows = ttypes.TRowSet(startRowOffset=self.rows_sent, rows=[], arrowBatches=batches)
        self.rows_sent += part.num_rows
        more = self.rows_sent < table.num_rows
        return ttypes.TFetchResultsResp(status=OK, hasMoreRows=more, results=rows)

    def at_once(self, limits: Any, patience_seconds: float) -> Any:
        """What a client that asked for direct results is told, so that it need not ask again."""
        status = self.status(patience_seconds)
        if limits is None or status.operationState != _STATE.FINISHED_STATE:
            return ttypes.TSparkDirectResults(operationStatus=status)
        rows = self.fetch(limits.maxRows)
        return ttypes.TSparkDirectResults(
            operationStatus=status,
            resultSetMetadata=self.metadata(),
            resultSet=rows,
            closeOperation=None if rows.hasMoreRows else ttypes.TCloseOperationResp(status=OK),
        )


def _failed(error: Exception) -> Any:
    """An error as a warehouse tells it: its condition in brackets, its state, no stack trace."""
    text, state = str(error).split("\n\nJVM stacktrace")[0].strip(), "HY000"
    if isinstance(error, PySparkException):
        condition, state = error.getCondition(), error.getSqlState() or state
        text = text if text.startswith("[") or not condition else f"[{condition}] {text}"
    return ttypes.TGetOperationStatusResp(
        status=OK,
        operationState=_STATE.ERROR_STATE,
        sqlState=state,
        errorMessage=text,
        displayMessage=text,
    )


def _column(position: int, column: pa.Field) -> Any:
    kind = next((name for is_kind, name in _KINDS if is_kind(column.type)), "STRING")
    qualifiers = None
    if kind == "DECIMAL":
        sizes = {"precision": column.type.precision, "scale": column.type.scale}
        qualifiers = ttypes.TTypeQualifiers(
            {name: ttypes.TTypeQualifierValue(i32Value=size) for name, size in sizes.items()}
        )
    entry = ttypes.TPrimitiveTypeEntry(
        type=getattr(ttypes.TTypeId, f"{kind}_TYPE"), typeQualifiers=qualifiers
    )
    described = ttypes.TTypeDesc(types=[ttypes.TTypeEntry(primitiveEntry=entry)])
    return ttypes.TColumnDesc(columnName=column.name, position=position, typeDesc=described)
