"""Sizes and openings: columns, files, functions, the first lines of headers and documents."""

import ast
import re

from source import balanced_end

COLUMNS_MAX = 100
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70


def columns(source):
    if source.suffix == ".md":  # tables and links cannot be folded
        return
    for number, line in enumerate(source.lines, 1):
        if len(line) > COLUMNS_MAX and "http" not in line:
            yield source.finding(
                number, "columns", f"{len(line)} columns, the limit is {COLUMNS_MAX}; fold the line"
            )


def white_space(source):
    for number, line in enumerate(source.lines, 1):
        if line != line.rstrip() or "\r" in line:
            yield source.finding(number, "white-space", "blanks end the line; remove them")
        if line.startswith("\t"):
            yield source.finding(number, "white-space", "a tab indents this line; use spaces")
    if source.text and not source.text.endswith("\n"):
        yield source.finding(len(source.lines), "white-space", "no newline at the end; add one")


def file_length(source):
    lines = len(source.lines)
    if lines > FILE_LINES_MAX and source.suffix != ".md":
        yield source.finding(
            1, "file-length", f"{lines} lines, the limit is {FILE_LINES_MAX}; split it by subject"
        )


def header_opening(source):
    if not source.is_header:
        return
    opening = []
    for line in source.lines:
        if not line.startswith("//"):
            break
        opening.append(line[2:].strip())
    sentence = " ".join(opening)
    if not sentence:
        yield source.finding(
            1, "header", "does not open with a comment; say in one sentence what it is for"
        )
    elif not sentence.endswith("."):
        what = "the opening comment is no sentence; end it with a period"
        yield source.finding(1, "header", what)
    directives = [line.strip() for line in source.lines[len(opening) :] if line.strip()]
    if not directives or directives[0] != "#pragma once":
        what = "`#pragma once` does not follow the opening comment; put it there"
        yield source.finding(len(opening) + 1, "header", what)


def markdown_title(source):
    if source.suffix == ".md" and not (source.lines and source.lines[0].startswith("# ")):
        yield source.finding(1, "title", "does not open with `# Title`; give the document a title")


def function_length(source):
    if source.is_cpp:
        spans = cpp_functions(source)
    elif source.suffix == ".py":
        spans = python_functions(source)
    else:
        return
    for first, last, name in spans:
        lines = last - first + 1
        if lines > FUNCTION_LINES_MAX:
            yield source.finding(
                first,
                "function-length",
                f"{name} has {lines} lines, the limit is {FUNCTION_LINES_MAX}; "
                "give its parts names of their own",
            )


def python_functions(source):
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno, node.name


_TOKEN = re.compile(r"[{}();]")
_NOISE = re.compile(r"\[\[.*?\]\]|alignas\s*\([^()]*\)|\b[A-Z][A-Z_]+\s*\([^()]*\)(?=\s*\w)")
_ACCESS = re.compile(r"\s*(?:public|private|protected)\s*:(?!:)\s*")
_CONTAINER = re.compile(r"(?:inline\s+|typedef\s+)*(?:namespace|extern|class|struct|union|enum)\b")
_AFTER_PARAMETERS = re.compile(
    r"(?:\s|\b(?:const|override|final|mutable|volatile|try)\b|&|\bnoexcept\b(?:\s*\([^()]*\))?"
    r"|->[\w:<>,\s*&()]+|\brequires\b.*)*\Z",
    re.S,
)
_INITIALISERS = re.compile(r"\)\s*(?:noexcept\b(?:\([^()]*\))?\s*)?:(?!:)")
_NAME = re.compile(r"((?:[\w:]*::)?operator\s*(?:\(\)|[^\s(]+)|[~\w:]+)\s*\(")


def cpp_functions(source):
    """(first line, last line, name) of every function that is not inside another."""
    code = source.structure
    scopes = []  # (what the brace opened, where its head began, parentheses open before it)
    depth, head = 0, 0
    for match in _TOKEN.finditer(code):
        token, at = match.group(), match.start()
        if token == "(":
            depth += 1
        elif token == ")":
            depth -= 1
        elif token == ";":
            if depth == 0:
                head = at + 1
        elif token == "{":
            inside = scopes and scopes[-1][0] != "container"
            what = "inner" if inside or depth > 0 else _what_opens(code[head:at])
            scopes.append((what, head, depth))
            depth, head = 0, at + 1
        elif scopes:
            what, began, depth = scopes.pop()
            if what == "function":
                begin = began + _head_offset(code[began:at])
                yield source.line_of(begin), source.line_of(at), _function_name(code[begin:at])
            head = began if what == "value" or depth > 0 else at + 1


def _what_opens(head):
    head = _ACCESS.sub("", head)
    head = _without_template(_NOISE.sub(" ", head)).strip()
    if _CONTAINER.match(head) and "(" not in head:
        return "container"
    if not head or head.endswith("=") or "(" not in head:
        return "value"
    initialisers = _INITIALISERS.search(head)
    if initialisers:  # `: a_{a}, b_(b) {`: only the last brace is the body
        return "value" if re.search(r"[\w>]\Z", head) else "function"
    parameters = head.rfind(")")
    while parameters > 0 and not _AFTER_PARAMETERS.match(head, parameters + 1):
        parameters = head.rfind(")", 0, parameters)
    return "function" if _AFTER_PARAMETERS.match(head, parameters + 1) else "value"


def _without_template(head):
    head = head.strip()
    while head.startswith("template"):
        opener = head.find("<")
        close = balanced_end(head, opener) if opener >= 0 else -1
        if close < 0:
            break
        head = head[close + 1 :].strip()
    return head


def _head_offset(head):
    access = _ACCESS.match(head)
    begin = access.end() if access else 0
    return begin + len(head[begin:]) - len(head[begin:].lstrip())


def _function_name(head):
    found = _NAME.search(_without_template(_NOISE.sub(" ", head)))
    return found.group(1) if found else "this function"
