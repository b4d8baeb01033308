"""The files in a tar archive, in their order: ustar, GNU and pax headers."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

from ingest.compression import ChunkFile
from ingest.members import ENDS_EARLY, BrokenArchiveError, Member, pass_over, read_stored

BLOCK = 512
#: The longest name or extended header that is believed.
_MAX_HEADER = 1 << 20
_EXTENDED = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE)


def read_tar(file: ChunkFile) -> Iterator[Member]:
    """Yield the regular files of a tar archive. Raises BrokenArchiveError where it ends early or is broken."""
    extended: dict[str, str] = {}
    while header := file.read(BLOCK):
        if not header.strip(b"\0"):
            return  # the first of the two blocks of zeros at the end
        if len(header) < BLOCK:
            break
        try:
            info = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except (tarfile.TarError, ValueError) as error:
            raise BrokenArchiveError("the archive is broken: no header where one must be") from error
        size = int(extended.get("size", info.size))
        if info.type in _EXTENDED:
            extended |= _read_extended(file, info)
            continue
        member = Member(extended.get("path", info.name))
        extended = {}
        if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            continue
        member.chunks = read_stored(file, member, size, -size % BLOCK)
        if info.isreg():
            yield member
        pass_over(member)
        if member.problem is not None:
            return
    raise BrokenArchiveError(ENDS_EARLY)


def _read_extended(file: ChunkFile, info: tarfile.TarInfo) -> dict[str, str]:
    """Return what a header of long names says about the next one: `path` and `size`, where it does."""
    if info.size > _MAX_HEADER:
        raise BrokenArchiveError("the archive is broken: a name is longer than 1 MiB")
    data = file.read(info.size)
    file.read(-info.size % BLOCK)
    if info.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": data.rstrip(b"\0").decode("utf-8", "surrogateescape")}
    return _read_pax(data) if info.type == tarfile.XHDTYPE else {}


def _read_pax(data: bytes) -> dict[str, str]:
    """Return the records of a pax header that count here: `LENGTH KEY=VALUE` and a newline each."""
    records: dict[str, str] = {}
    while data:
        digits = data.partition(b" ")[0]
        if not digits.isdigit() or not len(digits) < int(digits) <= len(data):
            break
        record, data = data[len(digits) + 1 : int(digits) - 1], data[int(digits) :]
        key, _, value = record.partition(b"=")
        if key == b"path" or (key == b"size" and value.isdigit()):
            records[key.decode()] = value.decode("utf-8", "surrogateescape")
    return records
