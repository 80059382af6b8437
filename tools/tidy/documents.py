"""Links of documents: a relative one must lead to a file of the project, and to a heading of it."""

import posixpath
import re

_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.M | re.S)
_HEADING = re.compile(r"^#{1,6}\s+(.*)$", re.M)


def links(source, paths, read):
    """`paths`: all files and folders of the project; `read`: path -> text."""
    if source.suffix != ".md":
        return
    text = _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), source.text)
    folder = posixpath.dirname(source.path)
    for match in _LINK.finditer(text):
        target, _, heading = match.group(1).partition("#")
        if re.match(r"[a-z]+:", match.group(1)):
            continue
        path = posixpath.normpath(posixpath.join(folder, target)) if target else source.path
        if path not in paths:
            what = f"{match.group(1)} leads nowhere; mend the link"
            yield source.finding_at(match.start(), "link", what)
        elif heading and path.endswith(".md") and heading not in _anchors(read(path)):
            what = f"{path} has no heading #{heading}; mend the link"
            yield source.finding_at(match.start(), "link", what)


def _anchors(text):
    """The anchors a reader's web view makes of the headings."""
    anchors = set()
    for match in _HEADING.finditer(_FENCE.sub("", text)):
        plain = re.sub(r"[^\w\- ]", "", match.group(1).lower())
        anchors.add(plain.strip().replace(" ", "-"))
    return anchors
