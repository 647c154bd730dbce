"""Microsoft 365 APIs that audit and watch a tenant, for scripts, notebooks and services.

`Client` blocks and `AsyncClient` is awaited; both have the same groups, such as `client.audit`.
`Sandbox` is a simulated tenant to try them on.
"""

from __future__ import annotations

from . import _faces
from ._cache import TokenCache
from ._columns import AsyncBatches, AsyncRecords, Batches, Records
from ._credentials import Credential
from ._download import AsyncDownload, Download
from ._errors import (
    AuthError,
    Cancelled,
    Conflict,
    DecodeError,
    Gone,
    InvalidRequest,
    M365Error,
    NetworkError,
    NotFound,
    PermissionDenied,
    ServiceError,
    StorageError,
    Throttled,
    Timeout,
    UnsupportedOnWire,
)
from ._faces import *
from ._filter import EnumLiteral, Field, Filter, element, enum_literal, field
from ._following import AsyncFollowing, Following
from ._functions import AccessToken, TokenRequest
from ._native import VERSION as __version__
from ._native import Batch
from ._paged import AsyncPaged, Page, Paged
from ._record import OpenNumber, OpenText, Record
from ._sign_in import PendingSignIn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .sandbox import Sandbox

__all__ = [
    "AccessToken",
    "AsyncBatches",
    "AsyncDownload",
    "AsyncFollowing",
    "AsyncPaged",
    "AsyncRecords",
    "AuthError",
    "Batch",
    "Batches",
    "Cancelled",
    "Conflict",
    "Credential",
    "DecodeError",
    "Download",
    "EnumLiteral",
    "Field",
    "Filter",
    "Following",
    "Gone",
    "InvalidRequest",
    "M365Error",
    "NetworkError",
    "NotFound",
    "OpenNumber",
    "OpenText",
    "Page",
    "Paged",
    "PendingSignIn",
    "PermissionDenied",
    "Record",
    "Records",
    "Sandbox",
    "ServiceError",
    "StorageError",
    "Throttled",
    "Timeout",
    "TokenCache",
    "TokenRequest",
    "UnsupportedOnWire",
    "__version__",
    "element",
    "enum_literal",
    "field",
]
__all__ += _faces.__all__


def __getattr__(name: str) -> Any:
    # Few programs need the sandbox, and its module is slow to import beside the others.
    if name == "Sandbox":
        from .sandbox import Sandbox

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
