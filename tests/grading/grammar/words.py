"""Answers that are words: choices, names, properties."""
from .rule import Kind, Text

WORDS = ["even", "odd", "yes", "no", "true", "false", "Tuesday", "blue", "parabola", "ellipse", "rectangle", "Alice", "isosceles", "increasing", "neither"]
AGAINST = {"even": "odd", "odd": "even", "yes": "no", "no": "yes", "true": "false", "false": "true", "increasing": "decreasing", "Tuesday": "Thursday"}

WORD = {
    "text": lambda w, r: f"\\text{{{w}}}",
    "bare": lambda w, r: w,
    "capital": lambda w, r: f"\\text{{{w.capitalize()}}}",
    "bare capital": lambda w, r: w.capitalize(),
    "capitals": lambda w, r: f"\\text{{{w.upper()}}}",
    "textbf": lambda w, r: f"\\textbf{{{w}}}",
    "mathrm": lambda w, r: f"\\mathrm{{{w}}}",
    "mbox": lambda w, r: f"\\mbox{{{w}}}",
    "textit": lambda w, r: f"\\textit{{{w}}}",
    "spaces": lambda w, r: f"\\text{{ {w} }}",
    "dot": lambda w, r: f"\\text{{{w}.}}",
    "textbf in text": lambda w, r: f"\\text{{\\textbf{{{w}}}}}",
}
WORD_MISSES = {
    "another word": lambda w, r: r.choice([x for x in WORDS if x != w]),
    "its opposite": lambda w, r: AGAINST.get(w),
    "not": lambda w, r: Text(f"\\text{{not {w}}}"),
    "either": lambda w, r: Text(f"\\text{{{w} or {AGAINST.get(w, 'red')}}}"),
    "both": lambda w, r: Text(f"\\text{{{w} and {AGAINST.get(w, 'red')}}}"),
    "listed": lambda w, r: Text(f"\\text{{{w}}}, \\text{{{AGAINST.get(w, 'red')}}}"),
    "a letter less": lambda w, r: Text(f"\\text{{{w[:-1]}}}") if len(w) > 3 else None,
    "a letter more": lambda w, r: Text(f"\\text{{{w}s}}"),
    "empty": lambda w, r: Text("\\text{}"),
    "first letter": lambda w, r: Text(w[0].upper()),
    "letters exchanged": lambda w, r: Text(f"\\text{{{w[::-1]}}}") if w != w[::-1] else None,
    "bare letters in another order": lambda w, r: Text("".join(reversed(w))) if w != w[::-1] else None,
    "sometimes": lambda w, r: Text(f"\\text{{sometimes {w}}}"),
    "a number": lambda w, r: Text(str(len(w))),
    "unknown": lambda w, r: Text("\\text{cannot be determined}"),
}
CHOICE = {
    "text": lambda c, r: f"\\text{{{c}}}",
    "bare": lambda c, r: c,
    "text in parentheses": lambda c, r: f"\\text{{({c})}}",
    "parentheses": lambda c, r: f"({c})",
    "textbf in parentheses": lambda c, r: f"\\textbf{{({c})}}",
    "dot": lambda c, r: f"{c}.",
    "mathrm": lambda c, r: f"\\mathrm{{{c}}}",
    "mathbf": lambda c, r: f"\\mathbf{{{c}}}",
    "textbf": lambda c, r: f"\\textbf{{{c}}}",
    "asterisks": lambda c, r: f"**{c}**",
    "closing parenthesis": lambda c, r: f"{c})",
}
CHOICE_MISSES = {
    "another": lambda c, r: r.choice([x for x in "ABCDE" if x != c]),
    "two by or": lambda c, r: Text(f"{c} \\text{{ or }} {chr(ord(c) + 1)}"),
    "two by a comma": lambda c, r: Text(f"{c}, {chr(ord(c) + 1)}"),
    "two in a row": lambda c, r: Text(f"\\text{{{c}{chr(ord(c) + 1)}}}"),
    "all": lambda c, r: Text("A, B, C, D, E"),
    "all in a row": lambda c, r: Text("\\text{ABCDE}"),
    "a word": lambda c, r: Text(f"\\text{{{c}ll of the above}}"),
    "not": lambda c, r: Text(f"\\text{{not {c}}}"),
    "neither": lambda c, r: Text("\\text{none of these}"),
    "twice": lambda c, r: Text(f"{c}{c}"),
    "primed": lambda c, r: Text(f"{c}'"),
    "and": lambda c, r: Text(f"\\text{{{c} and {chr(ord(c) + 1)}}}"),
    "slash": lambda c, r: Text(f"\\text{{{c}/{chr(ord(c) + 1)}}}"),
    "?": lambda c, r: Text("?"),
}


def register():
    Kind("words", lambda r: r.choice(WORDS), WORD, WORD_MISSES).register()
    Kind("choices", lambda r: r.choice("ABCDE"), CHOICE, CHOICE_MISSES, reply_only={"dot", "asterisks", "closing parenthesis"}).register()
