"""What people are asked about fields in conflict: the command and its spreadsheet."""
