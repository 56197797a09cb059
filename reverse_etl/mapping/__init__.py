"""The field-mapping table: what business and engineering sign before anything runs."""
