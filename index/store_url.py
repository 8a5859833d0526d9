"""Where a store outside of this process is: `milvus://USER:PASSWORD@HOST:PORT/DATABASE?collection=NAME`. No client.

milvus://localhost:19530                        Milvus on this machine
milvus+tls://reader:secret@faces.example:443/people?collection=staff
milvus:///srv/people.db                         Milvus Lite in that folder, for trying out
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

COLLECTION: Final = "lookalike"
PORT: Final = 19530
_SCHEMES: Final = {"milvus": "http", "milvus+tls": "https"}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FORM: Final = "write milvus://HOST:PORT/DATABASE?collection=NAME, milvus+tls://... or, for a folder, milvus:///PATH.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class MilvusPlace:
    """A collection, and how it is reached."""

    uri: str  # as pymilvus takes it: http://host:port, https://host:port, or a path
    collection: str
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def lite(self) -> bool:
        """Whether it is a folder of Milvus Lite."""
        return not self.uri.startswith(("http://", "https://"))

    @property
    def shown(self) -> str:
        """For messages: without user and password."""
        return f"collection {self.collection} of Milvus at {self.uri}"

    @classmethod
    def of(cls, url: str) -> MilvusPlace:
        """Raises ValueError with what is wrong and how it is written; never with the password."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORT
        except ValueError:
            raise ValueError(f"this is no address; {_FORM}") from None
        if parts.scheme not in _SCHEMES or parts.fragment:
            raise ValueError(f"this is no address of Milvus; {_FORM}")
        asked = parse_qs(parts.query, keep_blank_values=True)
        collection = asked.pop("collection", [COLLECTION])[-1]
        if asked or not _NAME.fullmatch(collection):
            raise ValueError(f"only ?collection=NAME may follow, of letters, digits and _; {_FORM}")
        path = unquote(parts.path)
        if not parts.hostname:
            if not path.endswith(".db") or parts.username or parts.scheme != "milvus":
                raise ValueError(f"a folder of Milvus Lite is named by its path and ends with .db; {_FORM}")
            return cls(uri=path, collection=collection)
        database = path.strip("/")
        if database and not _NAME.fullmatch(database):
            raise ValueError(f"a database's name has letters, digits and _; {_FORM}")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(
            uri=f"{_SCHEMES[parts.scheme]}://{host}:{port}",
            collection=collection,
            database=database,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
