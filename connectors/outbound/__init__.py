"""From our events to foreign formats: one module per format."""
