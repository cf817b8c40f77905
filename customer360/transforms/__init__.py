"""Pure DataFrame to DataFrame functions: typing, versions, contracts.

No dagster, no clock, no random ids.
"""
