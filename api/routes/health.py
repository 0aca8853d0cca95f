"""Is it alive, is it ready, and what has it counted: for machines that watch it."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.dependencies import Given
from api.problems import Problem

Ready = Callable[[], Awaitable[list[str]]]


def health_routes(others_away: Ready) -> APIRouter:
    """`others_away` names what else the service needs and can't reach, such as the log."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="The process answers")
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="The read model and the log answer; 503 names what does not")
    async def ready(given: Given) -> dict[str, str]:
        store = await run_in_threadpool(given.read_model.away)
        away = ([store] if store else []) + await others_away()
        if away:
            raise Problem(
                503, "; ".join(away), reason="not_ready", errors=[{"detail": each} for each in away]
            )
        return {"status": "ready"}

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    def metrics(given: Given) -> Response:
        return Response(generate_latest(given.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
