# SPDX-License-Identifier: Apache-2.0
"""Where functions begin and end in C++ that clang-format has laid out.

Not a parser: it follows braces and reads the statement in front of each. That is enough for code
in one style; what it cannot read it takes for one long function, which errs on the loud side.
"""

import re

_CLASS = re.compile(r"^\s*(template\s*<.*>\s*)?(requires[^{]*)?(typedef\s+)?"
                    r"(class|struct|union|enum)\b", re.DOTALL)


def functions(code):
    """Yields (name, first line, last line). `code` has its comments and strings blanked."""
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  code, flags=re.MULTILINE)
    yield from _scope(code, 0, len(code))


def _line(code, at):
    return code.count("\n", 0, at) + 1


def _matching(code, at):
    depth = 0
    for i in range(at, len(code)):
        if code[i] == "{":
            depth += 1
        elif code[i] == "}":
            depth -= 1
            if depth == 0:
                return i
    return len(code) - 1


def _scope(code, begin, end):
    statement = begin
    at = begin
    while at < end:
        char = code[at]
        if char == ";" or char == "}":
            statement = at + 1
        elif char == "{":
            close = _matching(code, at)
            kind = _kind(code[statement:at])
            if kind == "scope":
                yield from _scope(code, at + 1, close)
                statement = close + 1
            elif kind == "function":
                text = code[statement:at]
                first = statement + len(text) - len(text.lstrip())
                yield _name(text), _line(code, first), _line(code, close)
                statement = close + 1
            at = close  # an initializer goes on until its ';' or its function's body
        at += 1


def _kind(statement):
    text = re.sub(r"\[\[.*?\]\]|\balignas\s*\([^)]*\)|^\s*(public|private|protected)\s*:", " ",
                  statement, flags=re.DOTALL).rstrip()
    if re.match(r"^\s*(inline\s+)?namespace\b|^\s*extern\s*$", text):
        return "scope"
    if _CLASS.match(text) and "(" not in text and not text.endswith("="):
        return "scope"
    if "(" not in text or text.endswith(("=", ",", "(", "return")):
        return "initializer"
    # Foo::Foo() : member_{1} {}: a brace behind a name in the list initialises that member.
    if re.search(r"\)\s*(noexcept\s*)?:(?!:)", text) and re.search(r"[\w>]$", text) and \
            not re.search(r"\)\s*(noexcept|const|override)?$", text):
        return "initializer"
    if re.search(r"(?<![=!<>])=(?!=)", _outside_parentheses(text)) and "operator" not in text:
        return "initializer"
    return "function"


def _outside_parentheses(text):
    previous = None
    while previous != text:
        previous, text = text, re.sub(r"\([^()]*\)|<[^<>]*>", " ", text)
    return text


def _name(statement):
    text = " ".join(statement.split())
    macro = re.match(r"(TEST(?:_F|_P)?)\s*\(([^)]*)\)", text)
    if macro:
        return f"{macro.group(1)}({macro.group(2)})"
    match = re.search(r"([~\w:]+|operator\s*\S+?)\s*\(", text)
    return match.group(1) if match else text[:40]
