"""The screens: files of ours, without secrets; what they show comes from the API."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import problem

WEB = Path(__file__).parent / "web"
PAGES = {
    "/wall": "wall.html",
    "/console": "console.html",
    "/login": "login.html",
    "/api/docs": "docs.html",
    "/favicon.ico": "icon.svg",  # browsers ask for it where no page names another
}
#: What a person reads who opened an address that leads nowhere, or a wall's link once more.
REFUSALS = {404: "not-found.html", 401: "link-used.html"}


def install(app: FastAPI) -> None:
    """Serve the screens, and a page for people where an address of theirs leads nowhere."""
    for path, file in PAGES.items():
        app.add_api_route(path, functools.partial(_page, WEB / file), include_in_schema=False)
    app.add_api_route("/reports/daily", _report, include_in_schema=False)
    app.add_api_route("/", lambda: RedirectResponse("/wall"), include_in_schema=False)
    app.mount("/web", StaticFiles(directory=WEB), name="web")
    for status, file in REFUSALS.items():
        app.add_exception_handler(status, _refusal(WEB / file))


def is_for_a_person(method: str, path: str, accept: str) -> bool:
    """Whether a browser opened this address as a page; the API speaks to programs only."""
    return method in {"GET", "HEAD"} and not path.startswith("/api/") and "text/html" in accept


def _refusal(file: Path) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        accept = request.headers.get("accept", "")
        if not is_for_a_person(request.method, request.url.path, accept):
            return problem.answer(problem.of(error))
        return _answer(file, error.status_code)

    return refused


async def _report(request: Request) -> Response:
    """Serve the daily report; `?format=json` and `csv` lead to its data."""
    wanted = request.query_params.get("format")
    if wanted not in {"json", "csv"}:
        return _answer(WEB / "report.html")
    kept = urlencode([each for each in request.query_params.multi_items() if each[0] != "format"])
    path = f"/api/v1/reports/daily{'.csv' if wanted == 'csv' else ''}"
    return RedirectResponse(f"{path}?{kept}" if kept else path, HTTPStatus.SEE_OTHER)


async def _page(file: Path) -> Response:
    # A parameter here would be one of the address, and the pages have their own: `status`, `area`.
    return _answer(file)


def _answer(file: Path, status: int = 200) -> Response:
    # Looked at each time: after an update no display may go on with the page of before.
    return FileResponse(file, status, headers={"Cache-Control": "no-cache"})
