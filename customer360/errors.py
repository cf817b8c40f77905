"""The errors customer360 raises on purpose.

Every message says what was found, what was expected and what to do. Library errors are not wrapped
unless a sentence can be added that helps. Bad *records* are never errors: they are quarantined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from customer360.identity.change import Change


class Customer360Error(Exception):
    """Base of every error a user can act on; the command line prints its message only."""


class SettingsError(Customer360Error):
    """One or more settings are wrong; the message lists all of them."""


class StorageError(Customer360Error):
    """The storage behind a URL cannot be reached, or does not let this process in."""


class SpecError(Customer360Error):
    """A source specification contradicts itself; the message lists every contradiction."""


class MissingTableError(Customer360Error):
    """A lake table that should exist does not."""


class ChangedMeanwhileError(Customer360Error):
    """Another machine has written what this one was about to write; nothing was written."""


class SchemaChangedError(Customer360Error):
    """A table's columns are not the declared ones; its history has to be restated."""


class VersionError(Customer360Error):
    """A version of a table cannot be restored: never there, or removed after its retention."""


class BackupError(Customer360Error):
    """A backup is missing, or does not hold what it was made of."""


class UpkeepError(Customer360Error):
    """Some tables could not be tended; the message names each with its reason."""


class MissingPrerequisiteError(Customer360Error):
    """A program or file outside this package that an option needs is not there."""


class EngineError(Customer360Error):
    """The engine could not be started, was lost, or refused its work."""


class LandingError(Customer360Error):
    """The landing zone itself (not a record in it) cannot be used as asked."""


class IdentityError(Customer360Error):
    """Who is who cannot be shown, decided or learned as asked."""


class ChangeBlockedError(IdentityError):
    """Other rules, model or decisions would change more customers than is allowed.

    Attributes:
        change: What they would do.
    """

    def __init__(self, message: str, change: Change) -> None:
        super().__init__(message)
        self.change = change


class QuarantineError(Customer360Error):
    """Quarantined records cannot be shown, exported, repaired or dropped as asked."""


class DataFactoryError(Customer360Error):
    """The factory's JSON cannot be used: unreadable, or a reference leads nowhere."""


class IngestionError(Customer360Error):
    """A copy from a source system to the landing zone was not started, or did not end well."""


class PowerBiError(Customer360Error):
    """The Power BI project cannot be made, or Power BI does not refresh the semantic model."""
