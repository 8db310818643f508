# SPDX-License-Identifier: Apache-2.0 OR MIT
"""C++ as text: enough of the language to blank out comments and strings and to find where functions begin and end.

It reads clang-formatted code and knows no macros; what it gets wrong, it gets wrong quietly, so each use of it is a
heuristic, never a proof.
"""

import re

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|(?P<raw>R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)")|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<name>"[^"]+"|<[^>]+>)', re.MULTILINE)


def strip(text):
    """`text` with comments and the insides of strings blanked; every line keeps its number."""

    def blank(match):
        found = match.group(0)
        kept = re.sub(r"[^\n]", " ", found)
        return kept if found.startswith("/") else '"' + kept[1:-1] + '"'

    return _TOKEN.sub(blank, text)


def includes(text):
    """(line, name with its quotes or angles) of each include."""
    without_comments = re.sub(r"//[^\n]*", "", text)
    return [(line_of(without_comments, m.start("name")), m.group("name")) for m in _INCLUDE.finditer(without_comments)]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def functions(text):
    """(first line, name, lines) of each function body that stands in a namespace or a class."""
    code = re.sub(r"^\s*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), strip(text), flags=re.MULTILINE)
    found = []
    scopes = []  # one entry per open brace: "outer" (namespace, class), "inner", or the start of a function
    start = 0  # of the declaration that a brace would belong to
    for brace in re.finditer(r"[{};]", code):
        at = brace.start()
        outer = all(scope == "outer" for scope in scopes)
        if brace.group() == ";":
            if outer:
                start = at + 1
        elif brace.group() == "{":
            scopes.append(_scope_kind(code[start:at], outer, start))
            if scopes[-1] == "outer":
                start = at + 1
        elif scopes:
            scope = scopes.pop()
            if isinstance(scope, tuple):
                found.append(_function(code, scope[1], at))
            if all(s == "outer" for s in scopes) and scope != "initializer":
                start = at + 1
    return found


def _scope_kind(head, outer, start):
    if not outer:
        return "inner"
    head = re.sub(r"\b(public|private|protected)\s*:(?!:)", " ", head)
    if re.search(r"\b(namespace|class|struct|union|enum)\b[^()=]*$", head) or re.fullmatch(r'\s*extern\s*""?\s*', head):
        return "outer"
    if re.search(r"\bclass\b|\bstruct\b", head) and not re.search(r"\)\s*[\w\s:<>&*,()\[\]-]*$", head):
        return "outer"
    # A member initialised with braces in a constructor's list: the body is still to come.
    if re.search(r"\)\s*(noexcept\s*)?:[^:].*[\w>]\s*$", head, re.DOTALL) and not head.rstrip().endswith(")"):
        return "initializer"
    if ")" in head and not re.search(r"=\s*$", head):
        return ("function", start)
    return "initializer"


def _function(code, start, end):
    head_at = start + re.match(r"\s*((public|private|protected)\s*:\s*)*", code[start:]).end()
    first = line_of(code, head_at)
    name = re.search(r"([~\w:]+)\s*\(", code[head_at:end])
    return (first, name.group(1) if name else "?", line_of(code, end) - first + 1)
