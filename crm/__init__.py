"""CRMs: what each one's API can do, and how to talk to it. A leaf: it imports no other package."""
