"""All strategies of an account together."""

from core.portfolio import Portfolio, portfolio
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.schemas.portfolio import PortfolioSchema

blp = Blueprint("portfolio", __name__, url_prefix="/api/v1/portfolio", description="Strategies of an account together")


@blp.route("/<exchange:exchange>", methods=["GET"])
@blp.response(200, PortfolioSchema)
def show(exchange: str) -> Portfolio:
    """Exposure by symbol, margin, PnL, capital in use and free, and the account's books

    What only the exchange tells is null where it does not answer.
    """
    return portfolio(current_user_id(), exchange)
