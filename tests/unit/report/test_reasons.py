"""Every reason that an importer of sessions or the horizon can give has its Chinese words."""

import ast
from pathlib import Path

import voltherd
from voltherd.adapters.files.data_sets import acn, assumptions, stays
from voltherd.flexibility import window
from voltherd.report.reasons import CHINESE

ROOT = Path(voltherd.__file__).parent


def given_reasons(module: object) -> set[str]:
    """Return the reasons written in a module: texts handed to a sieve or listed with an action."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))  # type: ignore[attr-defined]
    names = vars(module)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("leave_out", "repair"):
                found.add(eval(compile(ast.Expression(node.args[1]), "reason", "eval"), names))
        elif isinstance(node, ast.Tuple) and len(node.elts) == 3:
            first, second = node.elts[:2]
            if isinstance(second, ast.Constant) and second.value in ("repaired", "left out"):
                found.add(ast.literal_eval(first))
    return found


def test_every_reason_has_chinese_words() -> None:
    reasons = set().union(*(given_reasons(module) for module in (stays, acn, assumptions, window)))
    assert len(reasons) >= 14
    assert reasons <= set(CHINESE)
