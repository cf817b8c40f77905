"""Checks that look at the tables as they are, whoever wrote them."""
