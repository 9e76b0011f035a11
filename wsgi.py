"""What gunicorn serves."""

from core.db import follow_its_clock
from web import create_app

follow_its_clock()
app = create_app()
