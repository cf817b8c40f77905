"""customer360: one reliable view per customer of a retailer, as one Dagster asset graph.

Import concrete modules (`customer360.build`, `customer360.settings`, ...); this file stays free of
imports so that loading one part never loads another.
"""
