"""What forecasts and suggestions alike take for granted, in words."""

from decimal import Decimal

from core.forecast.outcomes import figure
from core.forecast.questions import ForecastQuestion, Funding, SuggestQuestion
from core.forecast.words import Words, say


def common(question: ForecastQuestion | SuggestQuestion) -> list[Words]:
    rules = question.rules
    return [
        say("entry", price=format(question.entry_price, "f")),
        say("fills"),
        say("fees", maker=_percent(rules.maker_fee), taker=_percent(rules.taker_fee)),
        _funding(question.funding),
        say("mark_is_last"),
        say("alone" if rules.brackets else "no_brackets"),
    ]


def _funding(funding: Funding | None) -> Words:
    if funding is None or not funding.rate:
        return say("no_funding")
    payer = "longs_pay" if funding.rate > 0 else "shorts_pay"
    known = "mean" if funding.payments else "next"
    return say(f"{payer}_{known}", rate=_percent(abs(funding.rate)), hours=funding.hours, payments=funding.payments)


def _percent(fraction: Decimal) -> str:
    return figure(100 * float(fraction))
