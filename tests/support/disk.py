"""A small disk that can be filled to the last byte: a file system in memory, which only root can mount."""

import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

SIZE_MB = 512


class SmallDisk:
    """Raises OSError where it can't be made here."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gridkeeper-disk-"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "tmpfs", self.folder]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            self.folder.rmdir()
            raise OSError(error.stderr.decode().strip()) from None

    def fill(self) -> None:
        """Whoever else writes meanwhile: until nothing is left."""
        with suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))  # the last in part

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


def obstacle() -> str:
    """Why there can be no small disk here; nothing where there can."""
    try:
        SmallDisk().close()
    except OSError as error:
        return f"a small disk needs root and mount: {error}"
    return ""
