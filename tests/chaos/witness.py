"""A client of the sandbox's control API: accepted messages, faults, webhooks."""

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
        records: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self._get(f"/accepted?account={account}&limit={PAGE}&after={after}")
            records += page["results"]
            after = page["next"]
        return records

    def misbehave(self, provider: str, account: str, **faults: object) -> None:
        self._post("/accounts", {"provider": provider, "account": account, **faults})

    def report_to(self, provider: str, account: str, *, url: str, secret: str) -> None:
        """Sets a webhook; retries, because an earlier run may have killed the web server."""
        webhook: dict[str, object] = {
            "provider": provider,
            "account": account,
            "url": url,
            "secret": secret,
        }
        deadline = time.monotonic() + WEB_DEADLINE
        while True:
            try:
                return self._post("/webhooks", webhook)
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
