"""Makes the storage container of an `abfss://` lake, if it is missing.

For the compose stack's emulator. On Azure whoever sets up the account does it (docs/deploy.md); the
platform's own identity need not be allowed to.
"""

from __future__ import annotations

import os
import sys

from customer360 import credentials
from customer360.errors import Customer360Error, StorageError
from customer360.settings import load_settings
from customer360.storage import account_of, is_remote, refusal_in_words


def make_container(url: str) -> bool:
    """Make the container that a lake's URL names; returns whether it was missing.

    Raises:
        StorageError: The URL names none, or the storage refuses.
    """
    from azure.core.exceptions import AzureError, ResourceExistsError
    from azure.storage.blob import ContainerClient

    if not is_remote(url):
        raise StorageError(f"C360_LAKE={url} is a folder; only abfss:// lakes have a container.")
    credentials.fill_in(os.environ, credentials.STORAGE)
    account = account_of(url)
    try:
        with ContainerClient(
            account.blob_url, account.container, account.credential()
        ) as container:
            container.create_container()
    except ResourceExistsError:
        return False
    except AzureError as error:
        raise StorageError(str(refusal_in_words(error))) from error
    return True


if __name__ == "__main__":
    try:
        made = make_container(load_settings().lake)
    except Customer360Error as error:
        sys.exit(str(error))
    print("made" if made else "is there")  # noqa: T201 - the log of a container
