"""Whether a report is one page that needs nothing else, with every section it must have.

    report-check.py REPORT.html [SECTION ...]       prints what it found
"""

import re
import sys
import xml.etree.ElementTree as xml


def main(path, sections):
    page = open(path, encoding="utf-8").read()
    text = re.sub(r"\s+", " ", page)
    bad = [s for s in sections if s not in text]
    # No reference to anything outside: sources, links, style imports.
    outside = [r for r in re.findall(r"(?:src|href|url)\s*[=(]\s*['\"]?([^'\")\s>]+)", page)
               if not r.startswith(("#", "data:"))]
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    lines = 0
    for picture in pictures:
        root = xml.fromstring(picture)  # raises where it is not well-formed
        lines += sum(1 for e in root.iter() if e.tag.rsplit("}", 1)[-1] in ("path", "rect"))
    tags = {t: len(re.findall(f"<{t}[ >]", page)) - page.count(f"</{t}>")
            for t in ("table", "tr", "figure", "details", "ul", "body", "html", "svg")}
    unbalanced = [t for t, n in tags.items() if n]
    ok = not bad and not outside and not unbalanced and len(pictures) >= 2 and lines > 20
    for what, found in (("missing", bad), ("outside", outside), ("not closed", unbalanced)):
        if found:
            print(what + ":", *found)
    print(f"{len(pictures)} pictures, {page.count('<table')} tables, {len(page) // 1000} kB")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
