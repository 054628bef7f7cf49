"""What every CSV download shares."""


class Echo:
    """A file whose `write` returns its text, so that the rows of a csv.writer can be streamed."""

    def write(self, text: str) -> str:
        return text
