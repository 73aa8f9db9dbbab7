#!/usr/bin/env python3
"""Whether a trained folder has all that the one it was made from had: every file besides the
weights byte for byte, every key of config.json but the type of the weights.

    check_kept.py FROM TO
"""
import json
import pathlib
import sys


def read(path):
    as_text = dict(parse_float=str, parse_int=str, parse_constant=str)
    text = path.read_text().lstrip("\ufeff")
    return json.loads(text, object_pairs_hook=list, **as_text)


def main(source, target):
    files = [p.relative_to(source) for p in sorted(source.rglob("*")) if p.is_file()]
    for file in files:
        if file.name == "config.json" or file.suffix == ".safetensors" or file.name.endswith("index.json"):
            continue
        if not (target / file).exists():
            sys.exit(f"{file} is lost")
        if (target / file).read_bytes() != (source / file).read_bytes():
            sys.exit(f"{file} is changed")
    before, after = read(source / "config.json"), read(target / "config.json")
    wanted = [[k, "float32" if k in ("dtype", "torch_dtype") else v] for k, v in before]
    if [list(m) for m in after] != wanted:
        sys.exit("config.json says other things")
    print(len(files))


if __name__ == "__main__":
    sys.setrecursionlimit(20000)
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
