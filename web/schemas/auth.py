"""Users and tokens."""

import marshmallow as ma

from web.fields import Integer, Moment, Text
from web.schemas.base import Schema


class CredentialsSchema(Schema):
    """An email address and a password."""

    email = ma.fields.Email(required=True, validate=ma.validate.Length(max=254))
    password = Text(least=1, most=1024, required=True, load_only=True)

    @ma.post_load
    def normalise(self, data: dict[str, str], **_kwargs: object) -> dict[str, str]:
        return {**data, "email": data["email"].strip().lower()}


class UserSchema(Schema):
    id = Integer()
    email = ma.fields.String()
    created_at = Moment()


class TokensSchema(Schema):
    access_token = ma.fields.String()
    refresh_token = ma.fields.String()
    token_type = ma.fields.String()
    expires_in = Integer(metadata={"description": "Seconds that the access token is good for"})


class RefreshSchema(Schema):
    """The refresh token, unless it is sent in the Authorization header."""

    refresh_token = Text(least=1, most=4096)
