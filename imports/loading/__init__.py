"""Bringing an export's good rows into a desk, one module a table.

Nothing is sent and no duty is opened: what comes in is history, or a list for a person.
"""
