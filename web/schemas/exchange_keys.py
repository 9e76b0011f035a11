"""Exchange keys and connections."""

import marshmallow as ma

from web.fields import Integer, Moment, Text
from web.schemas.base import Schema


class NewExchangeKeySchema(Schema):
    """Keys of an exchange account; for `paper` without keys a new account is opened."""

    exchange = Text(least=1, most=40, required=True)
    api_key = Text(least=8, most=256, load_default=None)
    api_secret = Text(
        least=8,
        most=4096,
        lines=True,
        load_default=None,
        load_only=True,
        metadata={"description": "An HMAC secret, or an Ed25519 private key in PEM"},
    )
    label = Text(most=64, load_default="")

    @ma.validates_schema
    def both_or_none(self, data: dict[str, str | None], **_kwargs: object) -> None:
        missing = [name for name in ("api_key", "api_secret") if data.get(name) is None]
        opens_account = data.get("exchange") == "paper" and len(missing) == 2
        if missing and not opens_account:
            raise ma.ValidationError(dict.fromkeys(missing, ["Missing data for required field."]))  # noqa: RUF024

    @ma.validates("api_key")
    def one_word(self, value: str | None, **_kwargs: object) -> None:
        if value is not None and any(character.isspace() for character in value):
            raise ma.ValidationError("Must not contain blanks.")


class ExchangeKeySchema(Schema):
    id = Integer()
    exchange = ma.fields.String()
    label = ma.fields.String()
    api_key_masked = ma.fields.String()
    key_type = ma.fields.String(metadata={"enum": ["HMAC", "ED25519"]})
    status = ma.fields.String(metadata={"enum": ["OK", "KEY_INVALID"]})
    created_at = Moment()
