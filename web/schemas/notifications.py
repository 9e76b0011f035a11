"""What users are told, of what kinds, and where."""

from typing import Any

import marshmallow as ma

from core.notifications.catalogue import LANGUAGES, Kind
from core.notifications.preferences import MOST_TARGETS
from web.fields import Flag, Integer, Moment, Text
from web.schemas.base import Schema


class KindsSchema(Schema):
    """Which kinds of news; fills are off unless asked for."""

    fills = Flag()
    ends = Flag()
    warnings = Flag()
    alarms = Flag()


class NewTargetSchema(Schema):
    """One that is there already, by its id, or a new one by its apprise URL, such as `ntfys://ntfy.sh/topic`."""

    id = Integer()
    url = Text(least=8, most=1000, load_only=True)

    @ma.validates_schema
    def one_of_both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if len(data) != 1:
            raise ma.ValidationError("Give either id or url.")


class NewSettingsSchema(Schema):
    """What is left out stays; `targets` are all that there will be."""

    language = ma.fields.String(validate=ma.validate.OneOf(LANGUAGES))
    kinds = ma.fields.Nested(KindsSchema)
    targets = ma.fields.List(ma.fields.Nested(NewTargetSchema), validate=ma.validate.Length(max=MOST_TARGETS))


class TargetSchema(Schema):
    """The address itself never comes back: it holds its own key."""

    id = Integer()
    masked = ma.fields.String()


class SettingsSchema(Schema):
    language = ma.fields.String(attribute="settings.language", metadata={"enum": list(LANGUAGES)})
    kinds = ma.fields.Nested(KindsSchema, attribute="settings")
    targets = ma.fields.List(ma.fields.Nested(TargetSchema))


class NotificationSchema(Schema):
    """One message. `kind` is the gravest of its `count` events; NO_TARGET says that there was nowhere to send it."""

    id = Integer()
    kind = ma.fields.String(metadata={"enum": [*Kind, "test"]})
    title = ma.fields.String()
    body = ma.fields.String()
    count = Integer()
    state = ma.fields.String(metadata={"enum": ["PENDING", "SENT", "FAILED", "NO_TARGET"]})
    attempts = Integer()
    last_error = ma.fields.String()
    created_at = Moment()
    sent_at = Moment(allow_none=True)
