"""Everything that speaks to something outside."""
