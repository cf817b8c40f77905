"""Readers of the landing formats; `customer360.landing.decode` chooses between them."""
