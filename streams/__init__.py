"""What moves: the worker and the notifier."""
