"""`/v1/customers`: who somebody is, by which events that is known, and which journeys are theirs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.dependencies import Given, Limit, Parts, json_response
from api.identifier_search import spellings
from api.problems import Problem
from api.routes.alerts import Link
from journeys.explanation import explanation, names_of

router = APIRouter(tags=["customers"])


class Customer(BaseModel):
    """`links` are the events that joined the identifiers, just enough of them to reach each one."""

    id: str
    identifiers: dict[str, list[str]]
    journeys: list[str]
    alerts: list[str]
    events: int
    first_seen: str
    last_seen: str
    links: list[Link]


class Chain(BaseModel):
    """The links that lead to an identifier, and the one of them that rests on the weakest identifier."""

    links: list[Link]
    weakest_link: Link | None


class Identity(BaseModel):
    """Why the identifiers are one customer: `chains` lead from `identifier` to each other one."""

    customer: str
    identifier: str
    identifiers: dict[str, list[str]]
    chains: dict[str, Chain]
    weakest_link: Link | None


class Customers(BaseModel):
    customers: list[Customer]


@router.get("/v1/customers", response_model=Customers, summary="The customers that bear an identifier")
def find_customers(
    given: Given,
    identifier: Annotated[str, Query(description="`type:value`, or a value of any type")],
    limit: Limit = 50,
) -> Response:
    found = given.read_model.reader.customers(spellings(identifier, given.journey_map), limit)
    return json_response({"customers": found})


@router.get("/v1/customers/{id}", response_model=Customer, summary="One customer")
def show_customer(given: Given, id: str) -> Response:
    return json_response(_customer(given, id))


@router.get(
    "/v1/customers/{id}/identity", response_model=Identity, summary="Why a customer's identifiers are theirs"
)
def explain_identity(
    given: Given,
    id: str,
    identifier: Annotated[
        str | None, Query(description="`type:value`, where the chains begin; else the customer's first")
    ] = None,
) -> Response:
    customer = _customer(given, id)
    names = names_of(customer)
    start = identifier or next(iter(names), "")
    if start and start not in names:
        raise Problem(404, f"customer {id} does not bear {start}; it may have moved to another since")
    return json_response(explanation(customer, start, given.journey_map.identifiers))


def _customer(given: Parts, id: str) -> dict[str, Any]:
    customer = given.read_model.reader.customer(id)
    if customer is None:
        raise Problem(404, f"there is no customer {id}; two may have become one since")
    return customer
