"""What the project's claims on speed are measured with; each prints JSON with --format json."""
