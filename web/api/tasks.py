"""Operations under way."""

from core.db import Session
from core.models import Operation
from core.strategies.reading import operation
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.schemas.operations import OperationSchema

blp = Blueprint("tasks", __name__, url_prefix="/api/v1/tasks", description="Things asked for that take time")


@blp.route("/<string(maxlength=64):task_id>", methods=["GET"], endpoint="one")
@blp.response(200, OperationSchema)
def task(task_id: str) -> Operation:
    """How far a start, stop or reset is"""
    with Session.reading() as session:
        return operation(session, current_user_id(), task_id)
