"""What shows: the HTTP API and the screens."""
