"""From foreign protocols to events: one module per protocol."""
