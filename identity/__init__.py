"""What people and training bring to identity: decisions, weights and thresholds.

Matching itself is SQL, in models/intermediate/identity; nothing here runs in a build.
"""
