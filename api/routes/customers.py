"""`/v1/customers`: who somebody is, by which events that is known, and which journeys are theirs."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.dependencies import Given, Limit, json_response
from api.identifier_search import spellings
from api.problems import Problem
from api.routes.alerts import Link

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
    customer = given.read_model.reader.customer(id)
    if customer is None:
        raise Problem(404, f"there is no customer {id}; two may have become one since")
    return json_response(customer)
