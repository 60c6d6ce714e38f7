"""The machine-readable mark of a recording: tags that players show, and an XMP packet with IPTC's fields.

The recording holds a person's voice beside the avatar, so IPTC calls it a composite with AI elements.
"""

import json
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

from visavis_cli.talk.record import Message

MADE_BY = "AI-generated: the avatar's face and voice are synthetic. Recorded by visavis talk."
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
# Where XMP lies in an mp4: a box of its own kind (ISO 16684-1).
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
RDF, IPTC = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
XMP, DC, META = "http://ns.adobe.com/xap/1.0/", "http://purl.org/dc/elements/1.1/", "adobe:ns:meta/"
PACKET = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{}<?xpacket end="r"?>'


def tags_of(manifest: Message, comment: str) -> dict[str, str]:
    """What goes into the file's own tags; the manifest, as the gateway gave it, is the description."""
    mark = {"ai_generated": True, **without_type(manifest), "digital_source_type": SOURCE_TYPE}
    tags = {
        "title": "A talk with visavis",
        "comment": f"{MADE_BY} {comment}".strip(),
        "description": json.dumps(mark, ensure_ascii=False),
        "copyright": rights_of(manifest),
    }
    return {name: text for name, text in tags.items() if text}


def without_type(manifest: Message) -> Message:
    """The manifest itself, which came as a message."""
    return {name: value for name, value in manifest.items() if name != "type"}


def rights_of(manifest: Message) -> str:
    """Licence and author of the face; empty if the gateway did not say."""
    avatar = manifest.get("avatar")
    found = (
        [str(avatar.get(name) or "") for name in ("licence", "author")] if isinstance(avatar, dict) else []
    )
    return ", ".join(filter(None, found))


def xmp_of(manifest: Message) -> bytes:
    """The XMP packet."""
    for prefix, name in (("rdf", RDF), ("Iptc4xmpExt", IPTC), ("xmp", XMP), ("dc", DC), ("x", META)):
        ET.register_namespace(prefix, name)
    root = ET.Element(f"{{{META}}}xmpmeta")
    about = ET.SubElement(ET.SubElement(root, f"{{{RDF}}}RDF"), f"{{{RDF}}}Description")
    about.set(f"{{{RDF}}}about", "")
    generator = plain(manifest.get("generator") or "visavis")
    about.set(f"{{{IPTC}}}DigitalSourceType", SOURCE_TYPE)
    about.set(f"{{{IPTC}}}AISystemUsed", generator)
    about.set(f"{{{XMP}}}CreatorTool", generator)
    add_text(about, "description", f"{MADE_BY} {plain(manifest.get('disclosure') or '')}".strip())
    if rights := plain(rights_of(manifest)):
        add_text(about, "rights", rights)
    return PACKET.format(ET.tostring(root, encoding="unicode")).encode()


def add_text(about: ET.Element, name: str, text: str) -> None:
    """A text in the default language."""
    options = ET.SubElement(ET.SubElement(about, f"{{{DC}}}{name}"), f"{{{RDF}}}Alt")
    item = ET.SubElement(options, f"{{{RDF}}}li", {"{http://www.w3.org/XML/1998/namespace}lang": "x-default"})
    item.text = text


def plain(text: object) -> str:
    """What XML can hold of it."""
    return "".join(c for c in str(text) if c.isprintable())


def append_xmp(path: Path, manifest: Message) -> None:
    """Add the packet as the last box of an mp4."""
    packet = xmp_of(manifest)
    with path.open("ab") as file:
        file.write(struct.pack(">I4s16s", 24 + len(packet), b"uuid", XMP_BOX) + packet)
