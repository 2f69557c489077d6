"""`python -m ioc.cli`: the same as `ioc`, for processes that start others."""

from __future__ import annotations

from ioc.cli import main

main()
