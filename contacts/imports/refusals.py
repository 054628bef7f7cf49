"""The refusals of a whole file."""

from collections.abc import Sequence

from api.errors import InvalidInput


class FileUnreadable(InvalidInput):
    """The file cannot be imported as it stands."""

    code = "file_unreadable"


class EncodingUncertain(FileUnreadable):
    """The file's letters could be read in several ways."""

    code = "encoding_uncertain"

    def __init__(self, candidates: Sequence[str]) -> None:
        names = ", ".join(candidates) or "none of those that we know"
        super().__init__(
            "The encoding of this file is not certain. Save it as CSV in UTF-8, or name its "
            f"encoding in `encoding`; it may be: {names}.",
            attr="encoding",
            data={"candidates": list(candidates)},
        )
