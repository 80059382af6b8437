"""Exceptions: a comment `tidy: allow RULE - reason` on the line of the finding, or alone above it.

The reason is for the reader who would otherwise ask. An exception without one, for a rule that does
not exist, or that no longer covers anything, is a finding itself.
"""

import re

_ALLOW = re.compile(r"(?://|#|<!--)\s*tidy:\s*allow\b\s*([\w-]*)[ \t]*(?:[-:]+\s*(.*))?")
_COMMENT_MARKDOWN = "<!--"  # what else a document shows is an example
_REASON_CHARACTERS_MIN = 8


def apply(source, findings, rules):
    """The findings that stand, with those about the exceptions themselves."""
    marks = []
    for number, line in enumerate(source.lines, 1):
        match = _ALLOW.search(line)
        if match and (source.suffix != ".md" or match.group().startswith(_COMMENT_MARKDOWN)):
            alone = not line[: match.start()].strip()
            marks.append((number, number + 1 if alone else number, match))
    stands, used = list(findings), set()
    for number, covers, match in marks:
        rule, reason = match.group(1), (match.group(2) or "").strip(" -:>")
        if rule not in rules:
            known = ", ".join(sorted(rules))
            what = f"there is no rule {rule or '(none named)'}; the rules are {known}"
            stands.append(source.finding(number, "allow", what))
            continue
        if len(reason) < _REASON_CHARACTERS_MIN:
            what = f"an exception needs its reason: `tidy: allow {rule} - why it must be`"
            stands.append(source.finding(number, "allow", what))
            continue
        for finding in list(stands):
            if finding.rule == rule and finding.line == covers:
                stands.remove(finding)
                used.add(number)
        if number not in used:
            what = f"nothing here breaks {rule} any more; remove the exception"
            stands.append(source.finding(number, "allow", what))
    return stands
