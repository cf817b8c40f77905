"""The `ingestion` role: who copies files into the landing zone.

Either nobody that is known here, then files just appear and nothing has to be started; or a Data
Factory, whose runs the landing assets start and watch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from customer360.resources.data_factory import DataFactory
from customer360.resources.patience import Patience

if TYPE_CHECKING:
    from customer360.settings import Settings


@dataclass(frozen=True)
class FilesAppear:
    """Simulators, importers, people and other systems land files; the landing sensor sees them."""


Ingestion = FilesAppear | DataFactory


def build_ingestion(settings: Settings) -> Ingestion:
    """The ingestion that the settings name."""
    if settings.ingestion == "none":
        return FilesAppear()
    return DataFactory(
        subscription=settings.azure_subscription,
        resource_group=settings.azure_resource_group,
        name=settings.data_factory,
        endpoint=settings.data_factory_endpoint,
        patience=Patience(run=settings.ingestion_timeout_minutes * 60),
    )
