"""Renders one chat template for many conversations, as transformers renders it.

    python3 -I -c PROGRAM cpu_s memory_mb

Standard input: one JSON object
    template    the template's text
    variables   what it sees beside the conversation: special tokens and settings
    date        [year, month, day] of strftime_now
    head        messages before every question
    turns       [[question, reply or null], ...]
    most_bytes  of one rendered text
Standard output: one JSON object, {"error": line} or
    head    what all texts begin with
    asks    of each turn, the rest of the text up to where the assistant is to write
    wholes  of each turn with a reply, the rest of the text with it; null where the
            template refuses it, and "refusal" is the first reason
"""

import datetime
import json
import os
import resource
import sys

RESERVED = ("messages", "tools", "documents", "add_generation_prompt")
NEEDS = "chat templates need Jinja2: install Debian's package python3-jinja2"


class Refused(Exception):
    """What the template's user is told, in one line."""


def limit_self(cpu_s, memory_mb):
    for which, most in ((resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_AS, memory_mb << 20),
                        (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(which, (most, most))


def make_environment(date):
    import jinja2
    import jinja2.ext
    import jinja2.sandbox

    class Generation(jinja2.ext.Extension):
        """{% generation %} marks what the assistant wrote; the text stays as it is."""

        tags = {"generation"}

        def parse(self, parser):
            line = next(parser.stream).lineno
            body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            return jinja2.nodes.CallBlock(self.call_method("text_of"), [], [], body).set_lineno(line)

        def text_of(self, caller):
            return caller()

    class Namespace(jinja2.utils.Namespace):
        """Refuses names that begin with an underscore, as transformers does."""

        def __init__(*args, **kwargs):
            self, values = args[0], dict(*args[1:], **kwargs)
            for name in values:
                Namespace.check(name)
            jinja2.utils.Namespace.__init__(self, values)

        def __setitem__(self, name, value):
            Namespace.check(name)
            jinja2.utils.Namespace.__setitem__(self, name, value)

        @staticmethod
        def check(name):
            if isinstance(name, str) and name.startswith("_"):
                raise jinja2.exceptions.SecurityError(f"a namespace may not hold {name!r}")

    class Dict:
        """dict() without the type's own attributes."""

        def __call__(self, *args, **kwargs):
            return dict(*args, **kwargs)

        def fromkeys(self, *args, **kwargs):
            return dict.fromkeys(*args, **kwargs)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent,
                          separators=separators, sort_keys=sort_keys)

    def strftime_now(form):
        return datetime.datetime(*date).strftime(form)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now,
                               namespace=Namespace, dict=Dict())
    return environment


def line_of(error):
    """The template's line at which it happened; None: it is not known."""
    line = getattr(error, "lineno", None)
    at = error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == "<template>":
            line = at.tb_lineno
        at = at.tb_next
    return line


def describe(error):
    if isinstance(error, (MemoryError, RecursionError)):
        return "it needs more memory than a template may" if isinstance(error, MemoryError) \
            else "it calls itself too deeply"
    text = " ".join(str(error).split()) or type(error).__name__
    line = line_of(error)
    return text if line is None else f"line {line}: {text}"


def render(template, messages, writing, request):
    """The text; writing: up to where the assistant is to write."""
    pieces, size = [], 0
    try:
        for piece in template.generate(messages=messages, tools=None, documents=None,
                                       add_generation_prompt=writing, **request["variables"]):
            pieces.append(piece)
            size += len(piece)
            if size > request["most_bytes"]:
                raise Refused(f"it makes a text of more than {request['most_bytes']} bytes")
        text = "".join(pieces)
        text.encode()
    except UnicodeEncodeError:
        raise Refused("it makes what is no Unicode text: half a surrogate pair") from None
    except (Exception, RecursionError) as error:
        raise Refused(error if isinstance(error, Refused) else describe(error)) from None
    return text


def which(request, i):
    """Names a question where the template does not refuse them all alike."""
    start = " ".join(request["turns"][i][0].split())[:40]
    return f"at the question \"{start}\": " if i else ""


def render_all(template, request):
    asks, wholes, refusal = [], [], None
    for i, (question, reply) in enumerate(request["turns"]):
        messages = request["head"] + [{"role": "user", "content": question}]
        try:
            asks.append(render(template, [dict(m) for m in messages], True, request))
        except Refused as why:
            raise Refused(f"{which(request, i)}{why}") from None
        if reply is None:
            continue
        messages.append({"role": "assistant", "content": reply})
        try:
            wholes.append(render(template, [dict(m) for m in messages], False, request))
        except Refused as why:
            wholes.append(None)
            refusal = refusal or f"{which(request, i)}{why}"
    return asks, wholes, refusal


def answer(request):
    try:
        environment = make_environment(request["date"])
    except ImportError:
        raise Refused(NEEDS) from None
    for name in RESERVED:
        if name in request["variables"]:
            raise Refused(f"prompt.template_kwargs: {name} is set by the program")
    try:
        template = environment.from_string(request["template"])
    except (Exception, RecursionError) as error:
        raise Refused(describe(error)) from None
    asks, wholes, refusal = render_all(template, request)
    texts = asks + [text for text in wholes if text is not None]
    head = os.path.commonprefix([min(texts), max(texts)]) if texts else ""
    return {"head": head, "asks": [text[len(head):] for text in asks],
            "wholes": [text and text[len(head):] for text in wholes], "refusal": refusal}


def main():
    request = json.loads(sys.stdin.buffer.read())
    limit_self(int(sys.argv[1]), int(sys.argv[2]))
    try:
        reply = answer(request)
    except Refused as why:
        reply = {"error": str(why)}
    except MemoryError:
        reply = {"error": "it needs more memory than a template may"}
    out = memoryview(json.dumps(reply, ensure_ascii=False).encode())
    while out:
        out = out[os.write(1, out):]


main()
