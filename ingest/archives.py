"""Archives as streams: the files in tar and zip, one after the other, without seeking and without writing.

An archive that ends early yields what it holds; `Archive.problem` says how it ended.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator

from ingest.compression import ChunkFile
from ingest.members import BrokenArchiveError, Member
from ingest.tar_members import BLOCK, read_tar
from ingest.zip_members import DIRECTORY, MEMBER, read_zip

#: More members than this are not read.
MAX_MEMBERS = 100_000

#: First members of files that are zip archives only by their form: Java, Office, OpenDocument, Android.
_NOT_BUNDLES = ("META-INF/", "[Content_Types].xml", "mimetype", "AndroidManifest.xml")


def find_archive(head: bytes) -> str | None:
    """Return tar or zip from the first bytes of a file (at least 512, where it has as many); None for neither."""
    if head.startswith(MEMBER):
        size = int.from_bytes(head[26:28], "little")
        return None if head[30 : 30 + size].decode("latin-1").startswith(_NOT_BUNDLES) else "zip"
    if head.startswith(DIRECTORY):
        return "zip"  # an empty one
    try:
        tarfile.TarInfo.frombuf(head[:BLOCK], "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, IndexError):
        return None
    return "tar"


class Archive:
    """The members of an archive of one kind; `problem` is known after the last."""

    def __init__(self, kind: str, chunks: Iterable[bytes]) -> None:
        self.problem: str | None = None
        self._members = (read_tar if kind == "tar" else read_zip)(ChunkFile(chunks))

    def members(self) -> Iterator[Member]:
        """Yield the regular files that are not hidden; what is left of one is passed over."""
        try:
            for count, member in enumerate(self._members, start=1):
                if count > MAX_MEMBERS:
                    self.problem = f"it holds more than {MAX_MEMBERS:,} files; the rest was not read"
                    return
                if not _is_hidden(member.name):
                    yield member
                for _ in member.chunks:
                    pass
                if member.problem is not None:
                    self.problem = f"{member.problem}, in {member.name}"
                    return
        except BrokenArchiveError as error:
            self.problem = str(error)


def _is_hidden(name: str) -> bool:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return not parts or parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts)
