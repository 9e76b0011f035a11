"""How right forecasts have been."""

from core.forecast import honesty
from web.blueprint import Blueprint
from web.schemas.forecast import AccuracySchema

blp = Blueprint("accuracy", __name__, url_prefix="/api/v1/forecasts", description="How right forecasts have been")


@blp.route("/accuracy", methods=["GET"])
@blp.response(200, AccuracySchema)
def accuracy() -> honesty.Accuracy:
    """All forecasts made at a creation whose time is over, of all users together, beside what came"""
    return honesty.accuracy()
