"""CRMs to try things on: local servers that behave as a vendor's documents say.

They share nothing with `crm/`: what one side misreads, the other doesn't repeat.
"""
