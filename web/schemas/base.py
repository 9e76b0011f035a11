"""What all schemas share."""

import marshmallow as ma

from web.fields import QueryInteger


class Schema(ma.Schema):
    """Refuses unknown fields, wherever it is used."""

    class Meta:
        unknown = ma.RAISE


class Empty(Schema):
    """No fields."""


class PageQuery(Schema):
    """Which page of a list; pages past the end are empty."""

    page = QueryInteger(load_default=1, validate=ma.validate.Range(min=1))
    page_size = QueryInteger(load_default=10, validate=ma.validate.Range(min=1, max=100))
