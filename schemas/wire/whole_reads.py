"""Bytes that are read whole or not at all."""

import io


class WholeReads(io.BytesIO):
    """Raises where fewer bytes are left than are read: fastavro skips a field that reaches beyond the end without a word."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As ``BytesIO.read``, for a size that is given.

        Raises:
            EOFError: so many bytes are not left.
        """
        if size is None or size < 0:
            raise EOFError
        data = super().read(size)
        if len(data) < size:
            raise EOFError
        return data
