"""The Dagster code location."""

from customer360.build import build_definitions
from customer360.garbage import collect_seldom
from customer360.settings import load_settings

collect_seldom()
defs = build_definitions(load_settings())
