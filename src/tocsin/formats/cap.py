"""Common Alerting Protocol 1.2 (OASIS, July 2010), out and in.

The writer takes a ``PublicWarning`` and nothing else, and can write three statuses and nothing else: what
it writes is an exercise, a test or a draft, marked so in every text. The reader takes foreign files, whatever
their status, and gives plain values that no writer accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from tocsin.errors import InputError, MessageError
from tocsin.messages import AlertStatus, Origin, PublicWarning, WarningText
from tocsin.texts import forbidden_in, texts
from tocsin.units import NS_PER_S, iso_from_ns, ns_from_iso

if TYPE_CHECKING:
    from lxml.etree import _Element

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
READ_NAMESPACES = (NAMESPACE, "urn:oasis:names:tc:emergency:cap:1.1")
MAX_BYTES = 4_000_000
_STATUS = {AlertStatus.EXERCISE: "Exercise", AlertStatus.TEST: "Test", AlertStatus.DRAFT: "Draft"}
_STATUS_OF: dict[Origin, AlertStatus] = {
    "exercise": AlertStatus.EXERCISE,
    "test": AlertStatus.TEST,
    "live": AlertStatus.DRAFT,
}
_TOLD = frozenset({"sent", "updated", "passed", "ended", "false_alarm", "exercise_ended"})
_CLOSINGS = frozenset({"passed", "ended", "false_alarm", "exercise_ended"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
_NAME = re.compile(r"[^\s,&<>]+")
_DECIMALS = 5  # of a degree: 1 m


class CapInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One language's block."""

    language: str = "en-US"
    event: str = ""
    urgency: str = ""
    severity: str = ""
    certainty: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    effective: str = ""
    onset: str = ""
    expires: str = ""
    areas: tuple[str, ...] = ()
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()


class CapAlert(msgspec.Struct, frozen=True, kw_only=True):
    """A CAP message as read; ``status`` is whatever the file says and goes nowhere else."""

    identifier: str = ""
    sender: str = ""
    sent: str = ""
    status: str = ""
    msg_type: str = ""
    scope: str = ""
    restriction: str = ""
    addresses: str = ""
    note: str = ""
    references: str = ""
    infos: tuple[CapInfo, ...] = ()


def cap_xml(warning: PublicWarning, *, earlier: Iterable[PublicWarning] = (), exercise_name: str = "") -> bytes:
    """A CAP 1.2 message from one revision of one warning.

    In        earlier         revisions before it: an Update or Cancel refers to those that reached people
              exercise_name   named in the note
    Raises    MessageError for any other type, a status that is not an AlertStatus or does not go with the
              origin, a text without its marker or with a forbidden phrase, a character XML cannot hold
    """
    from lxml import etree

    status = _checked_status(warning)
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    try:
        _fill(root, warning, status, list(earlier), exercise_name)
    except ValueError as error:
        raise MessageError(f"{warning.warning!r}: XML cannot hold this text: {error}") from None
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return data


def identifier_of(warning: PublicWarning) -> str:
    """Unique and the same on every run: origin, time, warning, revision."""
    moment = re.sub(r"[-:]", "", iso_from_ns(warning.time_ns, 0))
    name = re.sub(r"[^A-Za-z0-9._-]", "-", warning.warning)
    return f"tocsin-{warning.origin}-{moment}-{name}-{warning.revision}"


def sender_of(warning: PublicWarning) -> str:
    """A sender that cannot exist (RFC 2606), named for the origin."""
    return f"{warning.origin}@tocsin.invalid"


def cap_time(time_ns: int) -> str:
    """CAP's own form: no fraction, no letter, UTC as ``-00:00`` (section 3.3.2)."""
    return iso_from_ns(time_ns, 0).removesuffix("Z") + "-00:00"


def _checked_status(warning: PublicWarning) -> str:
    if type(warning) is not PublicWarning:
        raise MessageError(f"CAP is written from a PublicWarning, not from a {type(warning).__name__}")
    if type(warning.status) is not AlertStatus or warning.status not in _STATUS:
        raise MessageError(f"the status is not an AlertStatus: {str(warning.status)[:40]!r}")
    if _STATUS_OF.get(warning.origin) is not warning.status:
        raise MessageError(f"origin {warning.origin!r} does not go with status {_STATUS[warning.status]}")
    if not warning.texts:
        raise MessageError("a warning without a text")
    for text in warning.texts:
        marker = texts(text.language).marker[warning.origin]
        for name in ("event", "headline", "description", "instruction"):
            part = getattr(text, name)
            if not (part.startswith(f"{marker} ") and part.endswith(f" {marker}")):
                raise MessageError(f"{text.language} {name} does not begin and end with {marker!r}")
        wrong = forbidden_in(" ".join((text.event, text.headline, text.description, text.instruction, text.area_text)))
        if wrong:
            raise MessageError(f"{text.language}: {wrong[0]}")
    return _STATUS[warning.status]


def _fill(
    root: _Element, warning: PublicWarning, status: str, earlier: list[PublicWarning], exercise_name: str
) -> None:
    _add(root, "identifier", identifier_of(warning))
    _add(root, "sender", sender_of(warning))
    _add(root, "sent", cap_time(warning.time_ns))
    _add(root, "status", status)
    _add(root, "msgType", warning.msg_type)
    _add(root, "source", "tocsin, a simulator")
    _add(root, "scope", "Restricted")
    _add(root, "restriction", "Simulation output: not for the public, not for relay to any alerting system")
    note = f"{status.upper()}: {exercise_name or 'unnamed'}; {warning.state.replace('_', ' ')}"
    if forbidden_in(note):
        raise MessageError(f"exercise name: {forbidden_in(note)[0]}")
    _add(root, "note", note)
    if warning.msg_type != "Alert":
        _add(root, "references", _references(warning, earlier))
    for text in warning.texts:
        _info(root, warning, text)


def _references(warning: PublicWarning, earlier: list[PublicWarning]) -> str:
    is_for_all = warning.purpose == "exercise_ended"
    told = [w for w in earlier if w.state in _TOLD and (w.revision < warning.revision or is_for_all)]
    mine = [w for w in told if w.warning == warning.warning or is_for_all]
    return " ".join(f"{sender_of(w)},{identifier_of(w)},{cap_time(w.time_ns)}" for w in mine)


def _info(root: _Element, warning: PublicWarning, text: WarningText) -> None:
    is_closing, is_debris = warning.purpose in _CLOSINGS, warning.kind == "debris"
    info = _add(root, "info")
    _add(info, "language", text.language)
    _add(info, "category", "Safety" if is_debris else "Security")
    _add(info, "event", text.event)
    _add(info, "responseType", "AllClear" if is_closing else "Avoid" if is_debris else "Shelter")
    _add(info, "urgency", "Past" if is_closing else "Immediate")
    _add(info, "severity", "Minor" if is_closing else "Severe" if is_debris else "Extreme")
    _add(info, "certainty", "Unlikely" if warning.purpose == "false_alarm" else warning.certainty)
    _add(info, "effective", cap_time(warning.time_ns))
    if warning.onset_ns is not None and warning.time_ns <= warning.onset_ns < warning.expires_ns:
        _add(info, "onset", cap_time(warning.onset_ns))
    _add(info, "expires", cap_time(max(warning.expires_ns, warning.time_ns + NS_PER_S)))
    _add(info, "senderName", texts(text.language).issuer[warning.origin])
    _add(info, "headline", text.headline)
    _add(info, "description", text.description)
    _add(info, "instruction", text.instruction)
    area = _add(info, "area")
    _add(area, "areaDesc", text.area_text or "-")
    for ring in warning.area_deg:
        _add(area, "polygon", _polygon(ring))
    for zone in warning.zones:
        code = _add(area, "geocode")
        _add(code, "valueName", "H3")
        _add(code, "value", zone)


def _polygon(ring_deg: Any) -> str:
    ring = np.asarray(ring_deg, dtype=np.float64)
    points = [f"{lat:.{_DECIMALS}f},{lon:.{_DECIMALS}f}" for lat, lon in ring]
    points += points[:1] if points and points[0] != points[-1] else []
    if len(points) < 4:
        raise MessageError(f"a polygon has at least four points, the last being the first; this has {len(points)}")
    return " ".join(points)


def _add(parent: _Element, name: str, text: str | None = None) -> _Element:
    from lxml import etree

    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = text
    return element


# In


def read_cap(data: bytes, *, where: str = "CAP file") -> CapAlert:
    """A CAP 1.2 or 1.1 message from bytes.

    Raises InputError, once and clearly, for anything else: too large, not XML, a document type, no alert.
    No entity is expanded and nothing is fetched.
    """
    root = parse_xml(data, where)
    namespace, _, name = root.tag[1:].partition("}")
    if name != "alert" or namespace not in READ_NAMESPACES:
        raise InputError(
            "the root element is not a CAP alert", where=where, value=root.tag, remedy="give a CAP 1.1 or 1.2 message"
        )
    return _alert(root, f"{{{namespace}}}")


def read_cap_feed(data: bytes, *, where: str = "CAP feed") -> tuple[CapAlert, ...]:
    """The entries of an ATOM feed of CAP alerts, as far as a feed tells them. Raises InputError as ``read_cap``."""
    root = parse_xml(data, where)
    atom = "{http://www.w3.org/2005/Atom}"
    if root.tag != f"{atom}feed":
        raise InputError("the root element is not an ATOM feed", where=where, value=root.tag)
    out = []
    for entry in root.iter(f"{atom}entry"):
        cap = (
            f"{{{READ_NAMESPACES[1]}}}"
            if entry.find(f"{{{READ_NAMESPACES[1]}}}event") is not None
            else f"{{{NAMESPACE}}}"
        )
        alert = _alert(entry, cap)
        info = msgspec.structs.replace(_info_of(entry, cap), headline=_text(entry, f"{atom}title"))
        identifier = alert.identifier or _text(entry, f"{atom}id")
        out.append(msgspec.structs.replace(alert, identifier=identifier, infos=(info,)))
    return tuple(out)


def parse_xml(data: bytes, where: str) -> _Element:
    """XML from an untrusted source: bounded, no document type, no entity, no network."""
    from lxml import etree

    if len(data) > MAX_BYTES:
        raise InputError(
            f"{len(data)} bytes, more than {MAX_BYTES}", where=where, remedy="check that this is the file meant"
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root: _Element = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError(f"not well-formed XML: {error}", where=where, remedy="mend the place named") from None
    if root.getroottree().docinfo.doctype:
        raise InputError("it declares a document type", where=where, remedy="remove the DOCTYPE: CAP has none")
    if not isinstance(root.tag, str):
        raise InputError("it has no root element", where=where)
    return root


def _alert(root: _Element, cap: str) -> CapAlert:
    return CapAlert(
        identifier=_text(root, f"{cap}identifier"),
        sender=_text(root, f"{cap}sender"),
        sent=_text(root, f"{cap}sent"),
        status=_text(root, f"{cap}status"),
        msg_type=_text(root, f"{cap}msgType"),
        scope=_text(root, f"{cap}scope"),
        restriction=_text(root, f"{cap}restriction"),
        addresses=_text(root, f"{cap}addresses"),
        note=_text(root, f"{cap}note"),
        references=_text(root, f"{cap}references"),
        infos=tuple(_info_of(info, cap) for info in root.iterchildren(f"{cap}info")),
    )


def _info_of(info: _Element, cap: str) -> CapInfo:
    return CapInfo(
        language=_text(info, f"{cap}language") or "en-US",
        event=_text(info, f"{cap}event"),
        urgency=_text(info, f"{cap}urgency"),
        severity=_text(info, f"{cap}severity"),
        certainty=_text(info, f"{cap}certainty"),
        headline=_text(info, f"{cap}headline"),
        description=_text(info, f"{cap}description"),
        instruction=_text(info, f"{cap}instruction"),
        effective=_text(info, f"{cap}effective"),
        onset=_text(info, f"{cap}onset"),
        expires=_text(info, f"{cap}expires"),
        areas=_texts(info, f"{cap}areaDesc"),
        polygons=_texts(info, f"{cap}polygon"),
        circles=_texts(info, f"{cap}circle"),
    )


def _text(parent: _Element, tag: str) -> str:
    return (parent.findtext(tag) or "").strip()


def _texts(parent: _Element, tag: str) -> tuple[str, ...]:
    found = ((element.text or "").strip() for element in parent.iter(tag))
    return tuple(text for text in found if text)


# The rules the schema misses


def cap_problems(data: bytes) -> list[str]:
    """Breaches of CAP 1.2's prose rules (section 3.2) in one message; empty: none.

    Raises InputError as ``read_cap`` does.
    """
    alert = read_cap(data)
    found = [
        f"{name} is empty or holds a space, comma, <, > or &"
        for name, value in (("identifier", alert.identifier), ("sender", alert.sender))
        if not _NAME.fullmatch(value)
    ]
    found += _time_problems("sent", alert.sent)
    if alert.msg_type in ("Update", "Cancel", "Ack", "Error") and not alert.references:
        found.append(f"{alert.msg_type} without references")
    for reference in alert.references.split():
        sender, _, rest = reference.partition(",")
        name, _, sent = rest.rpartition(",")
        if not (_NAME.fullmatch(sender) and _NAME.fullmatch(name) and _TIME.fullmatch(sent)):
            found.append(f"reference is not sender,identifier,sent: {reference[:60]}")
        elif (sender, name) == (alert.sender, alert.identifier):
            found.append("it refers to itself")
    if alert.scope == "Restricted" and not alert.restriction:
        found.append("scope Restricted without restriction")
    if alert.scope == "Private" and not alert.addresses:
        found.append("scope Private without addresses")
    if alert.status == "Exercise" and not alert.note:
        found.append("status Exercise without a note naming the exercise")
    for info in alert.infos:
        found += _info_problems(info, alert.sent)
    return found


def _info_problems(info: CapInfo, sent: str) -> list[str]:
    found: list[str] = []
    for name in ("effective", "onset", "expires"):
        if getattr(info, name):
            found += _time_problems(name, getattr(info, name))
    if found or _time_problems("sent", sent):
        return found
    starts = {"effective": info.effective or sent, "onset": info.onset or sent, "sent": sent}
    if info.expires:
        end = ns_from_iso(info.expires)
        found += [f"expires before {name}" for name, start in starts.items() if ns_from_iso(start) > end]
    for polygon in info.polygons:
        found += _polygon_problems(polygon)
    for circle in info.circles:
        if not re.fullmatch(r"-?\d+(\.\d+)?,-?\d+(\.\d+)? \d+(\.\d+)?", circle):
            found.append(f"circle is not 'lat,lon radius': {circle[:40]}")
    return found


def _polygon_problems(polygon: str) -> list[str]:
    points = polygon.split()
    if len(points) < 4 or points[0] != points[-1]:
        return [f"polygon has {len(points)} points, or is not closed"]
    for point in points:
        if not re.fullmatch(r"-?\d{1,3}(\.\d+)?,-?\d{1,3}(\.\d+)?", point):
            return [f"polygon point is not lat,lon: {point[:40]}"]
        lat, lon = (float(value) for value in point.split(","))
        if abs(lat) > 90.0 or abs(lon) > 180.0:
            return [f"polygon point lies outside the Earth's coordinates: {point}"]
    return []


def _time_problems(name: str, text: str) -> list[str]:
    if not _TIME.fullmatch(text):
        return [f"{name} is not a time with numeric offset and without fraction: {text[:40]!r}"]
    try:
        ns_from_iso(text)
    except ValueError:
        return [f"{name} is no time of the calendar: {text!r}"]
    return []
