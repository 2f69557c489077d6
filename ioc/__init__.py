"""The language and the decisions of a province's operations center."""

__version__ = "0.1.0"
