"""STYLE rules 8 and 9: name it, then await it; no coroutine is a lambda with captures.

GCC 12 destroys temporaries of an awaited expression twice when they are braces, lambdas or arms of
a `?:`; clang does not, but a statement that awaits once, as its whole right-hand side, also reads
better. The check is textual and strict: it needs no compiler and has no exceptions to learn.
"""

import re

from source import balanced_end

_BRACKET_OR_AWAIT = re.compile(r"[(){}\[\]]|\bco_await\b")
_AWAIT = re.compile(r"\bco_await\b")
_OPERATOR = re.compile(r"\s(?:\+|-|\*|/|%|==|!=|<=?|>=?|&&|\|\||&|\||\^|<<|>>)\s")
_BLOCK_BEFORE = re.compile(r"(?:\A|[);{}:]|\b(?:else|do|try|const|noexcept|override|mutable))\s*\Z")
_LEADS = re.compile(r"(?:else|do|try)\b|case\b(?:[^:?]|::)*:(?!:)|default\s*:|\[\[\w+\]\]")
_CONTROL = re.compile(r"(?:if|for|while|switch)\b\s*(?:constexpr\s*)?(?=\()")


def awaits(source):
    if not source.is_cpp or "co_await" not in source.code:
        return
    code = source.structure
    seen = set()
    for at, opener in _awaits_with_opener(code):
        start = _statement_start(code, at, opener)
        if start in seen:
            continue
        seen.add(start)
        fault = _fault(code, at, opener, start)
        if fault:
            yield source.finding_at(
                at,
                "await",
                f"{fault}; name it, then await it: `T x = co_await f(a, std::move(b));`",
            )


def _awaits_with_opener(code):
    """Every co_await with the offset of the innermost bracket around it, or -1."""
    openers = []
    for match in _BRACKET_OR_AWAIT.finditer(code):
        token = match.group()
        if token == "co_await":
            if not re.search(r"\boperator\s*\Z", code[: match.start()][-20:]):
                yield match.start(), openers[-1] if openers else -1
        elif token in "([{":
            openers.append(match.start())
        elif openers:
            openers.pop()


def _statement_start(code, at, opener):
    depth, i = 0, at - 1
    while i > opener:
        c = code[i]
        if c in ")]":
            depth += 1
        elif c in "([":
            depth -= 1
        elif depth == 0 and c in ";{}":
            return i + 1
        i -= 1
    return opener + 1


def _expression_end(code, begin):
    """Where the awaited expression ends, and the character that ends it."""
    depth = 0
    for match in re.compile(r"[(){}\[\];]").finditer(code, begin):
        c = match.group()
        if c in "([{":
            depth += 1
        elif c in ")]}":
            if depth == 0:
                return match.start(), c
            depth -= 1
        elif c == ";" and depth == 0:
            return match.start(), c
    return len(code), ""


def _fault(code, at, opener, start):
    begin = at + len("co_await")
    end, ender = _expression_end(code, begin)
    place = _place_fault(code, opener, ender)
    if place:
        return place
    awaited = code[begin:end]
    if _lambda_in(awaited):
        return "a lambda stands in the awaited expression"
    if _AWAIT.search(awaited):
        return "two co_await in one statement"
    if "{" in awaited:
        return "a brace stands in the awaited expression"
    if "?" in awaited:
        return "a ?: stands in the awaited expression"
    if _OPERATOR.search(_outermost(awaited)):
        return "the awaited value is used in the same expression"
    return _left_fault(code[start:at])


def _place_fault(code, opener, ender):
    """What is wrong with the bracket the await stands in."""
    if opener < 0 or code[opener] == "{":
        if opener >= 0 and not _opens_block(code, opener):
            return "co_await stands inside a braced initialiser"
        return "co_await is no whole statement" if ender != ";" else None
    if code[opener] == "[":
        return "co_await stands inside a subscript"
    control = re.search(r"\b(if|switch|for|while)\s*(?:constexpr\s*)?\Z", code[:opener][-40:])
    if not control:
        return "co_await stands inside parentheses or an argument list"
    if control.group(1) in ("if", "switch") and ender == ";":
        return None  # if (T x = co_await f(); x)
    return f"co_await stands in the head of `{control.group(1)}`"


def _opens_block(code, opener):
    before = code[max(0, opener - 400) : opener]
    if _BLOCK_BEFORE.search(before):
        return True
    tail = re.split(r"[;{}]", before)[-1]
    return re.search(r"\)\s*(?:mutable\s*|noexcept\s*|const\s*)*->", tail) is not None


def _left_fault(left):
    left = left.strip()
    while True:
        lead = _LEADS.match(left)
        control = _CONTROL.match(left)
        if lead:
            left = left[lead.end() :].strip()
        elif control and (close := balanced_end(left, control.end())) > 0:
            left = left[close + 1 :].strip()
        else:
            break
    if left in ("", "co_return", "(void)"):
        return None
    if _AWAIT.search(left):
        return "two co_await in one statement"
    if "?" in left or "{" in left or re.search(r"&&(?:\s|\Z)|\|\|", left):
        return "co_await is one branch of an expression"
    if re.search(r"(?<![=!<>])=\Z", left):
        return None
    return "co_await is not the whole right-hand side"


def _outermost(expression):
    """The expression with everything inside parentheses and template arguments taken out."""
    depth, out = 0, []
    for c in re.sub(r"<[^<>;]*>(?=\()", "", expression):
        if c in "([":
            depth += 1
        elif c in ")]":
            depth -= 1
        elif depth == 0:
            out.append(c)
    return "".join(out)


def _lambda_in(expression):
    for match in re.finditer(r"\[", expression):
        if not re.search(r"[\w)\]]\s*\Z", expression[: match.start()]):
            return True
    return False


_LAMBDA = re.compile(r"(?<![\w)\]\[])\[(?!\[)")
_COROUTINE_WORD = re.compile(r"\bco_(?:await|return|yield)\b")


def capturing_coroutines(source):
    if not source.is_cpp or "co_" not in source.code:
        return
    code = source.structure
    for at, captures, body, close in _lambdas(code):
        if captures and _COROUTINE_WORD.search(_without_lambdas(code, body + 1, close)):
            yield source.finding_at(
                at,
                "lambda-coroutine",
                "a lambda with captures is a coroutine, and its captures die with the lambda, not "
                "with the coroutine; make it a named function that owns its arguments",
            )


def _lambdas(code):
    """(offset, captures, offset of the body's brace, offset of its end) of every lambda."""
    for match in _LAMBDA.finditer(code):
        opener = match.end() - 1
        close = balanced_end(code, opener)
        body = _lambda_body(code, close + 1) if close > 0 else -1
        if body >= 0:
            yield opener, code[opener + 1 : close].strip(), body, balanced_end(code, body)


def _lambda_body(code, i):
    """The offset of the brace of a lambda whose captures end before `i`, or -1: no lambda."""
    i = _skip_blank(code, i)
    if code[i : i + 1] == "<":
        i = _skip_blank(code, balanced_end(code, i) + 1)
    if code[i : i + 1] == "(":
        i = balanced_end(code, i) + 1
    tail = re.compile(r"(?:\s|\b(?:mutable|noexcept|constexpr|static)\b|->[\w:<>,\s*&]+)*\{").match(
        code, i
    )
    return tail.end() - 1 if tail else -1


def _skip_blank(code, i):
    while i < len(code) and code[i].isspace():
        i += 1
    return i


def _without_lambdas(code, begin, end):
    kept, at = [], begin
    for _, _, body, close in _lambdas(code[begin:end]):
        if begin + body >= at:
            kept.append(code[at : begin + body])
            at = begin + close
    kept.append(code[at:end])
    return "".join(kept)
