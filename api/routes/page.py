"""The page for people, at `/`: static files that ask this API, and nothing from anywhere else."""

from importlib.resources import files

from fastapi import APIRouter, Response

from api.problems import Problem

router = APIRouter(include_in_schema=False)

MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
PAGES = files("api.pages")


@router.get("/")
def page() -> Response:
    return _file("index.html")


@router.get("/pages/{name}")
def part(name: str) -> Response:
    return _file(name)


def _file(name: str) -> Response:
    known = {file.name: file for file in PAGES.iterdir() if name.endswith(tuple(MEDIA_TYPES))}
    if name not in known:
        raise Problem(404, f"the page has no part {name}")
    media_type = MEDIA_TYPES[name[name.rindex(".") :]]
    return Response(known[name].read_bytes(), media_type=media_type, headers={"Cache-Control": "no-cache"})
