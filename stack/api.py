"""A small client of the product's own HTTP API and of the simulated exchange's admin surface."""

from collections.abc import Mapping
from typing import Any

import httpx

Json = Any


class Answer(Exception):
    """An answer that was not a success: its status code and the body's `reason` or text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class Api:
    """Raises Answer where the server says no, httpx.TransportError where it does not answer."""

    def __init__(self, base_url: str, timeout: float = 10.0) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=timeout, trust_env=False)

    def login(self, email: str, password: str) -> None:
        token = self.post("/auth/login", {"email": email, "password": password})["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    @property
    def headers(self) -> httpx.Headers:
        """What every request carries: the token of the user who logged in."""
        return self._http.headers

    def get(self, path: str, **query: str | int) -> Json:
        return self._checked(self._http.get(path, params=query))

    def get_all(self, path: str, **query: str | int) -> list[Json]:
        """Every page of a list."""
        found: list[Json] = []
        page = 1
        while items := self.get(path, page=page, page_size=100, **query):
            found += items
            page += 1
            if len(items) < 100:
                break
        return found

    def post(self, path: str, body: Mapping[str, Json] | None = None) -> Json:
        return self._checked(self._http.post(path, json=dict(body or {})))

    def put(self, path: str, body: Mapping[str, Json], **query: str) -> Json:
        """Whatever version it has now."""
        return self._checked(self._http.put(path, json=dict(body), params=query, headers={"If-Match": "*"}))

    def delete(self, path: str) -> Json:
        return self._checked(self._http.delete(path))

    def close(self) -> None:
        self._http.close()

    @staticmethod
    def _checked(answer: httpx.Response) -> Json:
        if not answer.is_success:
            raise Answer(answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None
