"""The folder in which a Kafka that is started here keeps its settings, its log and its data."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path


def kafka_folder(data_dir: Path | None, undo: ExitStack) -> Path:
    """The folder ``data_dir``, which is kept, or a new temporary one, which ``undo`` removes."""
    if data_dir is not None:
        return data_dir.absolute()
    folder = Path(tempfile.mkdtemp(prefix="vive-sync-kafka-"))
    undo.callback(shutil.rmtree, folder)
    return folder
