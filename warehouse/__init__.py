"""The warehouse: one DuckDB file, opened politely, with the functions that SQL lacks.

A leaf: it imports none of the project's other packages.
"""
