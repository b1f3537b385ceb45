"""Answers of the API as bytes: the same body in JSON or XML.

The cloud answers XML where no format is named (version 1 of its signature), and JSON to everything newer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

from console.web.cloud.errors import ApiError
from console.web.cloud.signatures import Received

Body = Mapping[str, Any]

JSON_TYPE: Final = "application/json;charset=utf-8"
XML_TYPE: Final = "text/xml;charset=utf-8"
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


def wants_xml(request: Received) -> bool:
    """Whether the caller reads XML: `Format` says so, or nothing does and neither do the headers."""
    said = dict([*request.query, *request.form]).get("Format", "").upper()
    if said:
        return said == "XML"
    if "xml" in request.headers.get("accept", ""):
        return True
    return "authorization" not in request.headers and "json" not in request.headers.get("accept", "")


def written(body: Body, root: str, *, xml: bool) -> tuple[bytes, str]:
    """Write an answer: its bytes, and their content type."""
    if not xml:
        return json.dumps(body, ensure_ascii=False).encode(), JSON_TYPE
    top = ET.Element(root)
    for name, value in body.items():
        _add(top, name, value)
    text = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return text.replace(b"\r", b"&#13;"), XML_TYPE  # a reader makes a new line of a bare one


def error_body(error: ApiError, request_id: str, host: str) -> Body:
    """Make the body of an error's answer."""
    return {"RequestId": request_id, "HostId": host, "Code": error.code, "Message": error.message}


def _add(parent: ET.Element, name: str, value: object) -> None:
    if isinstance(value, list):
        for one in value:
            _add(parent, name, one)
        return
    child = ET.SubElement(parent, name)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _add(child, key, inner)
    elif isinstance(value, bool):
        child.text = str(value).lower()
    else:
        child.text = _NOT_IN_XML.sub("", str(value))
