"""The API as an ASGI application."""

from fastapi import FastAPI

from api.dependencies import Parts
from api.metrics import Metrics
from api.middleware import AroundEveryRequest
from api.ports import EventLog
from api.problems import RESPONSES, handle_problems
from api.routes.alerts import router as alerts
from api.routes.customers import router as customers
from api.routes.departments import router as departments
from api.routes.events import router as taken_events
from api.routes.handoffs import router as handoffs
from api.routes.health import Ready, health_routes
from api.routes.journeys import router as journeys
from api.routes.page import router as page
from api.store.read_model import ReadModel
from journeys.journey_map import JourneyMap


async def _nothing_else() -> list[str]:
    return []


def create_app(
    read_model: ReadModel, events: EventLog, journey_map: JourneyMap, *, ready: Ready | None = None
) -> FastAPI:
    """The API over a read model and a log.

    `ready` names what else the service needs and can't reach; the read model is looked after here. The caller
    migrates and closes the read model.
    """
    # The usual pages for OpenAPI load their scripts from elsewhere; this one serves the description alone.
    app = FastAPI(title="Baton", version="1", docs_url=None, redoc_url=None, responses=RESPONSES)
    metrics = Metrics(read_model.reader)
    app.state.parts = Parts(read_model, events, journey_map, metrics)
    app.add_middleware(AroundEveryRequest, metrics=metrics)
    handle_problems(app)
    for router in (taken_events, journeys, customers, alerts, handoffs, departments, page):
        app.include_router(router)
    app.include_router(health_routes(ready or _nothing_else))
    return app
