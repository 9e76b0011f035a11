"""The kill switch."""

import marshmallow as ma

from web.fields import Flag, Moment, Text
from web.schemas.base import Schema


class KillSwitchSchema(Schema):
    """`password` is needed to release it."""

    halted = Flag(required=True)
    reason = Text(least=1, most=200, load_default="the kill switch was thrown")
    password = Text(least=1, most=1024, load_only=True, load_default=None)


class HaltSchema(Schema):
    """`switch` names what was thrown: account, key, unread, venue or all; only the first is the user's own."""

    halted = Flag()
    switch = ma.fields.String(allow_none=True)
    reason = ma.fields.String(allow_none=True)
    since = Moment(allow_none=True)
