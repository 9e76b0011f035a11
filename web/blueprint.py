"""flask-smorest's blueprint with our rules for input and for lists."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, Protocol, TypeVar, cast

import marshmallow as ma
from flask import Request, request
from flask_smorest import Blueprint as SmorestBlueprint
from flask_smorest import abort as smorest_abort
from flask_smorest.pagination import PaginationMetadataSchema
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request

from web.schemas.base import PageQuery, Schema

View = Callable[..., Any]
V = TypeVar("V", bound=View)


def abort(status: int, **facts: Any) -> NoReturn:
    """flask-smorest's, with a type. `facts`: message, errors, reason."""
    smorest_abort(status, **facts)
    raise AssertionError("abort raises")


class Decorator(Protocol):
    """What gives a view back as it was typed."""

    def __call__(self, view: V, /) -> V: ...


class Parser(FlaskParser):
    """Refuses unknown fields everywhere, other content types, and whatever says one thing twice."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE}  # noqa: RUF012

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not body:
            return missing
        if not is_json_request(req):
            abort(415, message="The body must be application/json.")
        try:
            return json.loads(body.decode(), object_pairs_hook=_once)
        except _SaidTwice as error:
            abort(400, message=str(error))
        except (ValueError, RecursionError):
            abort(400, message="The body is not valid JSON.")

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        twice = {name: ["Give it once."] for name, values in req.args.lists() if len(values) > 1}
        if twice:
            abort(422, errors={"query": twice})
        return super().load_querystring(req, schema)


class _SaidTwice(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _SaidTwice("The body has an object with the same key twice.")
    return found


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types
    ARGUMENTS_PARSER = Parser()

    # flask-smorest's own decorators, with types.

    def route(self, rule: str, **options: Any) -> Decorator:
        decorate = super().route(rule, **options)

        def register(view: V, /) -> V:
            name = f"{self.name}_{options.get('endpoint', view.__name__)}".replace("-", "_")
            return cast(V, decorate(self.doc(operationId=name)(_without_strays(view))))

        return register

    def arguments(self, schema: type[Schema], **options: Any) -> Decorator:
        return cast(Decorator, super().arguments(schema, **options))

    def response(self, status: int, schema: Any = None, **options: Any) -> Decorator:
        return cast(Decorator, super().response(status, schema, **options))

    def alt_response(self, status: int, **options: Any) -> Decorator:
        return cast(Decorator, super().alt_response(status, **options))

    @staticmethod
    def doc(**facts: Any) -> Decorator:
        return cast(Decorator, SmorestBlueprint.doc(**facts))

    def listing(self, item: type[Schema], query: type[PageQuery]) -> Callable[[View], View]:
        """A page of a list: the view takes the query and returns (items, total)."""

        def decorate(view: View) -> View:
            @wraps(view)
            def page(asked: dict[str, Any], **path: Any) -> Any:
                items, total = view(asked, **path)
                metadata = self._make_pagination_metadata(asked["page"], asked["page_size"], total)
                return items, {self.PAGINATION_HEADER_NAME: json.dumps(metadata)}

            answered = self.response(200, item(many=True), headers=_PAGINATION)(page)
            return self.arguments(query, location="query")(answered)

        return decorate


# Documented as what it is: JSON text in a header.
_PAGINATION = {
    "X-Pagination": {
        "description": "Where this page stands among all",
        "content": {"application/json": {"schema": PaginationMetadataSchema}},
    }
}


def _without_strays(view: View) -> View:
    """Refuses query parameters where the view declares none."""
    declared = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    if any(parameter["in"] == "query" for parameter in declared):
        return view

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if request.args:
            abort(422, errors={"query": {name: ["Unknown field."] for name in request.args}})
        return view(*args, **kwargs)

    return checked
