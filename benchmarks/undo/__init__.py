"""What it takes to undo a run, beside the run itself."""
