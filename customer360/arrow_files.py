"""Files written in Python that Arrow reads, waited for before the interpreter shuts down.

Arrow reads ahead in threads of its own. One that lets go of a file while the interpreter shuts down
aborts the process: of ninety commands that had read with a SAS token and done their work, four
ended that way.
"""

from __future__ import annotations

import atexit
import gc
import time
import weakref
from typing import Any, Final

from pyarrow import fs
from pyarrow.lib import PythonFile

_PATIENCE_SECONDS: Final = 10
_LOOK_AGAIN_SECONDS: Final = 0.01
# By identity, as fsspec's files of one path are equal.
_open_files: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


class WaitedForHandler(fs.FSSpecHandler):  # type: ignore[misc]  # pyarrow has no types
    """The library's handler, but what it opens to read is remembered until it is let go of."""

    def open_input_stream(self, path: str) -> PythonFile:
        """Open a file to be read from its beginning on."""
        return self.open_input_file(path)

    def open_input_file(self, path: str) -> PythonFile:
        """Open a file to be read anywhere."""
        if not self.fs.isfile(path):
            raise FileNotFoundError(path)
        opened = self.fs.open(path, mode="rb")
        _open_files[id(opened)] = opened
        return PythonFile(opened, mode="r")


@atexit.register
def wait_for_files() -> None:
    """Wait until no thread reads any more; for seconds at most, if somebody keeps a reader."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(_open_files) and time.monotonic() < deadline:
        # A file and its cache hold each other.
        gc.collect()
        time.sleep(_LOOK_AGAIN_SECONDS)
