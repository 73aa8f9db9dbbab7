"""Other spellings of a written formula: without braces, in Unicode, in plain ASCII."""
import re

SINGLE = r"(?:[0-9a-zA-Z]|\\pi ?|\\theta ?)"


def bare(text, r=None):
    """\\frac12, \\sqrt3, x^2: braces around one sign or command dropped."""
    def joined(name, *parts):
        out = "\\" + name
        for part in parts:
            part = part.strip()
            out += (" " if out[-1].isalpha() and part[0].isalpha() else "") + part
        return out
    text = re.sub(rf"\\([dt]?frac)\{{({SINGLE})\}}\{{({SINGLE})\}}", lambda m: joined(m[1], m[2], m[3]) + (" " if m[3].startswith("\\") else ""), text)
    text = re.sub(rf"\\sqrt\{{({SINGLE})\}}", lambda m: joined("sqrt", m[1]) + " ", text)
    return re.sub(r"\^\{([0-9a-zA-Z])\}", r"^\1", text)


def spaced(text, r=None):
    """Spaces and thin spaces around what takes them."""
    text = re.sub(r"([+=,])", r" \1\\, ", text)
    return text.replace("{", "{ ").replace("}", " }") if "text" not in text and "begin" not in text else text


UNICODE = [("\\cdot ", "\u00b7"), ("\\times ", "\u00d7"), ("\\pi ", "\u03c0"), ("\\pi", "\u03c0"), ("\\infty", "\u221e"), ("\\theta ", "\u03b8"),
           ("\\le ", "\u2264"), ("\\ge ", "\u2265"), ("\\cup", "\u222a"), ("\\in ", "\u2208 "), ("\\pm ", "\u00b1"), ("-", "\u2212")]


def unicode(text, r=None):
    for latex, sign in UNICODE:
        text = text.replace(latex, sign)
    text = re.sub(r"\\sqrt\{([0-9a-z])\}(?![0-9a-z\u03c0])", "\u221a\\1", text)
    text = re.sub(r"\\sqrt\{([0-9a-z]+)\}", "\u221a(\\1)", text)
    raised = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
    return re.sub(r"\^(?:\{([0-9])\}|([0-9])(?![0-9]))", lambda m: raised[int(m[1] or m[2])], text)


def group(text, at):
    """The inside of the braces that open at `at`, and where it ends."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if depth == 0:
            return text[at + 1:i], i + 1
    raise ValueError(text)


def ascii_only(text, r=None):
    """sqrt(2)/2, (x + 1)/(x - 2), e^(2x), pi: as typed without LaTeX."""
    while "frac{" in text:
        at = re.search(r"\\[dt]?frac\{", text)
        top, i = group(text, at.end() - 1)
        low, j = group(text, i)
        text = f"{text[:at.start()]}(({top})/({low})){text[j:]}"
    while "\\sqrt{" in text:
        at = text.index("\\sqrt{")
        inner, i = group(text, at + 5)
        text = f"{text[:at]}sqrt({inner}){text[i:]}"
    while "^{" in text:
        at = text.index("^{")
        inner, i = group(text, at + 1)
        text = f"{text[:at].rstrip()}^" + (inner if len(inner) == 1 else f"({inner})") + text[i:]
    if "{" in text or "binom" in text:
        return None
    text = text.replace("\\pi ", "\\pi").replace("\\theta ", "\\theta").replace("\\cdot ", "*").replace("\\times ", "*").replace("\\left", "").replace("\\right", "").replace("\\,", " ")
    text = re.sub(r"(?<=[0-9a-zA-Z)])\\(?=[a-z])", "*", text)
    text = re.sub(r"\b(sqrt|sin|cos|tan|cot|sec|csc|ln)\b(?! ?\()", r"\1 ", text.replace("\\", ""))
    text = re.sub(r"([0-9)])(?=sqrt|pi|\()", r"\1*", text)
    return re.sub(r"\(\((\w+)\)/\((\w+)\)\)", r"(\1/\2)", text)


SPELLINGS = {"without braces": bare, "spaces": spaced, "in Unicode": unicode, "in ASCII": ascii_only}
