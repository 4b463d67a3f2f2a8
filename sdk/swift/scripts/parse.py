#!/usr/bin/env python3
"""Parses every Swift file of the client: the compiler on Linux skips the code for platforms of Apple.

  scripts/parse.py                prints each place that is not Swift; exits with 1 if there are any
  scripts/parse.py --self-test    proves that a broken file is found, also inside #if

Needs the packages of parse-requirements.txt.
"""

import sys
from pathlib import Path

import tree_sitter_swift
from tree_sitter import Language, Parser

ROOT = Path(__file__).resolve().parent.parent
PARSER = Parser(Language(tree_sitter_swift.language()))
GOOD = "#if canImport(Security)\nfunc f() -> Int {\n    return 1\n}\n#endif\n"
BROKEN = [
    GOOD.replace("}", ""),
    GOOD.replace("func f", "func func f"),
    GOOD.replace("return 1", "return (1"),
    GOOD.replace("-> Int", "-> -> Int"),
]


def problems(source):
    """Lines of nodes that the parser could not make sense of, or that it had to add."""
    def walk(node):
        if node.is_error or node.is_missing:
            yield node.start_point[0] + 1
        elif node.has_error:
            for child in node.children:
                yield from walk(child)
    return list(walk(PARSER.parse(source).root_node))


def self_test():
    """Proves that good text passes and broken text fails."""
    assert problems(GOOD.encode()) == [], "good text fails"
    for text in BROKEN:
        assert problems(text.encode()), f"not found: {text}"
    print(f"parse: the self-test of {len(BROKEN) + 1} cases passed")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    files = sorted(file for file in ROOT.rglob("*.swift") if ".build" not in file.parts)
    found = [(file, line) for file in files for line in problems(file.read_bytes())]
    for file, line in found:
        print(f"{file.relative_to(ROOT)}:{line}: not Swift")
    print(f"parse: {len(files)} files, {len(found)} problems")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
