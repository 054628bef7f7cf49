"""The sandbox as its other end sees it: what it accepted, and how it is told to misbehave."""

import json
import time
import urllib.request
from typing import Any
from urllib.error import HTTPError

PAGE = 10_000
WEB_DEADLINE = 15.0


class Witness:
    def __init__(self, url: str) -> None:
        self.base_url = url
        self._url = f"{url}/_sandbox"

    def accepted(self, account: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self._get(f"/accepted?account={account}&limit={PAGE}&after={after}")
            found += page["results"]
            after = page["next"]
        return found

    def misbehave(self, provider: str, account: str, **faults: object) -> None:
        self._post("/accounts", {"provider": provider, "account": account, **faults})

    def report_to(self, provider: str, account: str, *, url: str, secret: str) -> None:
        """Some providers ask the address first, and a run before may have killed who answers."""
        told: dict[str, object] = {
            "provider": provider,
            "account": account,
            "url": url,
            "secret": secret,
        }
        deadline = time.monotonic() + WEB_DEADLINE
        while True:
            try:
                return self._post("/webhooks", told)
            except HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self._url + path, timeout=10) as answer:  # noqa: S310 - our own
            return json.load(answer)

    def _post(self, path: str, body: dict[str, object]) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own
            self._url + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            answer.read()
