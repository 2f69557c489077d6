"""The database: the memory. One module per noun, its SQL beside it."""
