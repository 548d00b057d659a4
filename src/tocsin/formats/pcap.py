"""UDP payloads of a packet capture: classic pcap, both byte orders, micro- and nanoseconds; Ethernet, raw IP, Linux."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from tocsin.errors import ScanError

MAX_PACKET_BYTES = 262_144  # the largest snapshot length in use
_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_ETHERNET, _RAW_IP, _RAW_IP_BSD, _LINUX = 1, 101, 12, 113  # link types, tcpdump.org/linktypes.html
_VLAN_TAGS = (0x8100, 0x88A8)
_IPV4, _IPV6, _UDP = 0x0800, 0x86DD, 17


class Packet(NamedTuple):
    """One captured packet: its number from 1, capture time ns UTC, UDP payload or None where it is something else."""

    number: int
    capture_ns: int
    payload: bytes | None


def is_capture(head: bytes) -> bool:
    """Whether a file starts as a packet capture."""
    return head[:4] in _MAGICS or head[:4] == _PCAPNG


def packets(data: bytes, where: str) -> Iterator[Packet]:
    """Every packet of a capture; raises ScanError naming the packet where the file breaks off or contradicts itself."""
    if data[:4] == _PCAPNG:
        raise ScanError("is a pcapng capture", where=where, remedy="convert it: editcap -F pcap IN OUT")
    if data[:4] not in _MAGICS or len(data) < 24:
        raise ScanError("not a pcap capture", where=where, value=data[:8], remedy="give a pcap or raw recording")
    order, unit_ns = _MAGICS[data[:4]]
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    if link not in (_ETHERNET, _RAW_IP, _RAW_IP_BSD, _LINUX):
        raise ScanError("link type is not known", where=where, value=link, remedy="capture Ethernet or raw IP")
    at, number = 24, 0
    while at < len(data):
        number += 1
        if at + 16 > len(data):
            raise ScanError("file breaks off in a packet header", where=f"{where}: packet {number}", remedy=_AGAIN)
        seconds, fraction, size, _ = struct.unpack_from(order + "IIII", data, at)
        at += 16
        if size > MAX_PACKET_BYTES or at + size > len(data):
            raise ScanError(
                f"packet claims {size} bytes, {len(data) - at} are left",
                where=f"{where}: packet {number}",
                remedy=_AGAIN,
            )
        frame = data[at : at + size]
        at += size
        yield Packet(number, seconds * 1_000_000_000 + fraction * unit_ns, _payload(frame, link))


_AGAIN = "copy or record the file again"


def _payload(frame: bytes, link: int) -> bytes | None:
    """UDP payload of a frame; None for anything else, fragments and cut packets among them."""
    if link == _ETHERNET:
        kind, at = _uint16(frame, 12), 14
        for _ in range(2):
            if kind in _VLAN_TAGS:
                kind, at = _uint16(frame, at + 2), at + 4
    elif link == _LINUX:
        kind, at = _uint16(frame, 14), 16
    else:
        kind, at = {4: _IPV4, 6: _IPV6}.get(frame[0] >> 4 if frame else 0, 0), 0
    if kind == _IPV4 and len(frame) >= at + 20:
        is_fragment = _uint16(frame, at + 6) & 0x3FFF
        if frame[at + 9] != _UDP or is_fragment:
            return None
        at += (frame[at] & 0x0F) * 4
    elif kind == _IPV6 and len(frame) >= at + 40:
        if frame[at + 6] != _UDP:
            return None
        at += 40
    else:
        return None
    size = _uint16(frame, at + 4)
    return frame[at + 8 : at + size] if 8 <= size <= len(frame) - at else None


def _uint16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")
