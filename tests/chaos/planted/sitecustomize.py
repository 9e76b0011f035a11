"""Python imports this at its start where this folder is on PYTHONPATH: it plants the bug that the file PLANTED names.

Only processes that start after the file was written have the bug. Nothing of it is in the product.
"""

import os
from pathlib import Path

_file = Path(os.environ.get("PLANTED", ""))
if _file.is_file() and (_name := _file.read_text().strip()):
    from tests.chaos.planted import bugs

    bugs.BUGS[_name]()
