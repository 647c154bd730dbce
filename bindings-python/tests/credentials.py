"""Credentials, sign-ins and token caches as scenarios describe them."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Callable
from http.client import HTTPMessage, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

import m365kit

FUNCTIONS = ("function", "display", "assertion", "sign", "open")
"""The parameters that take a function."""


class Credentials:
    """Makes the credentials of one scenario."""

    def __init__(self, sandbox: m365kit.Sandbox, manner: str) -> None:
        self.sandbox = sandbox
        self.blocking = manner == "blocking"
        self.caches: dict[str, m365kit.TokenCache] = {}

    async def make(self, given: dict[str, Any], tenant: str, cloud: m365kit.Cloud) -> Any:
        """The credential of a kind and its fields; of a sign-in, the one that it ends with."""
        fields = dict(given)
        kind = "".join(map(str.title, fields.pop("kind").split("_")))
        for name in FUNCTIONS:
            if name in fields:
                fields[name] = self.function(fields[name])
        if isinstance(fields.get("client"), dict):
            fields["client"] = await self.make(fields["client"], tenant, cloud)
        made = getattr(m365kit, kind)(**fields)
        if isinstance(made, m365kit.SignIn):
            pending = made.begin(tenant, cloud=cloud)
            return pending.finish(await asyncio.to_thread(redirected, pending.url))
        if isinstance(made, m365kit.BrowserSignIn):
            if self.blocking:
                return await asyncio.to_thread(made.run, tenant, cloud=cloud)
            return await made.run_async(tenant, cloud=cloud)
        return made

    def cache(self, place: dict[str, str]) -> m365kit.TokenCache:
        """A token cache; those with a name are shared by the clients of the scenario."""
        if "shared" in place:
            return self.caches.setdefault(place["shared"], m365kit.TokenCache())
        if "path" in place:
            key = b64decode(place["key"]) if "key" in place else None
            passphrase = place.get("passphrase")
            return m365kit.TokenCache.in_file(place["path"], key=key, passphrase=passphrase)
        return m365kit.TokenCache()

    def function(self, does: Any) -> Callable[..., Any]:
        """A function that does what stands in place of it; async where the client is."""

        def answer(*question: Any) -> Any:
            if does is True or isinstance(does, str):
                return None if does is True else does
            if "error" in does:
                raise RuntimeError(does["error"])
            if "browse" in does:
                return urlopen(question[0]).read()
            args = dict(does.get("args", {}))
            if "question" in does:
                asked = question[0]
                is_bytes = isinstance(asked, bytes)
                args[does["question"]] = b64encode(asked).decode() if is_bytes else asked
            said = self.sandbox.control(does["control"], **args)
            given: Any = said[does["answer"]] if "answer" in does else None
            return b64decode(given) if question and isinstance(question[0], bytes) else given

        if self.blocking:
            return answer

        async def answer_later(*question: Any) -> Any:
            return await asyncio.to_thread(answer, *question)

        return answer_later


class Staying(HTTPRedirectHandler):
    """A browser that goes nowhere else."""

    def redirect_request(
        self, req: Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def redirected(url: str) -> str:
    """Where the sign-in page sends the browser."""
    try:
        answer: HTTPResponse = build_opener(Staying).open(url)
    except HTTPError as redirect:
        return str(redirect.headers["Location"])
    raise AssertionError(f"the sign-in page answers {answer.status}")
