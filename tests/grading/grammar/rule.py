"""Rules: each makes pairs (gold, reply) of which it knows whether they are equal.

A rule draws from a generator seeded by the run's seed, its own name and the instance,
so that a new rule changes no other rule's pairs.  `equal` is None for a rule on which
published graders differ by convention: such pairs are printed and not counted.
"""
import random
from dataclasses import dataclass, field
from typing import Callable, Optional

RULES = []
KINDS = []  # in the order of their registration
TRIES = 3000  # draws of an instance before a rule that yields none is an error


@dataclass
class Rule:
    family: str
    name: str
    equal: Optional[bool]
    make: Callable
    verifier: str = "math"

    def pair(self, seed, instance):
        """A row; the truth was asserted where it was made."""
        r = random.Random(f"{seed}/{self.family}/{self.name}/{instance}")
        for _ in range(TRIES):
            made = self.make(r)
            if made is not None:
                row = {"gold": made[0], "reply": made[1], "verifier": self.verifier,
                       "equal": self.equal, "family": self.family, "rule": self.name}
                if len(made) > 2:
                    row["terms"] = made[2:]  # of the two answers, for truth.py
                return row
        raise RuntimeError(f"{self.family}: {self.name}: no instance in {TRIES} draws")


def add(family, name, equal, make, verifier="math"):
    RULES.append(Rule(family, name, equal, make, verifier))


class Text(str):
    """A near miss that is a text of its own, not a value that takes the kind's forms."""


# How a reply gives an answer, beyond doubt: formulas in a box, or behind a plain mark.
FRAMES = [
    "\\boxed{%s}",
    "So the answer is \\boxed{%s}.",
    "Adding the two parts gives the result.\n\n$\\boxed{%s}$",
    "Therefore, $$\\boxed{%s}$$",
    "We check the cases one by one.\nHence the final answer is $\\boxed{%s}$.",
    "\\[\n\\boxed{%s}\n\\]",
    "Let me think. First, 3 + 4 = 7, and then we go on.\n\n**Final answer:** \\boxed{%s}",
]
LATE_FRAMES = ["The final answer is $%s$.", "The answer is: $%s$", "#### %s"]


def say(r, answer, boxed=False):
    """A reply that gives `answer`."""
    frames = FRAMES if boxed or "\n" in answer or r.random() < 0.85 else LATE_FRAMES
    return r.choice(frames) % answer


@dataclass
class Kind:
    """Values of one kind: how to draw one, its forms (the first is the usual one of
    gold answers), and its near misses: another value, or a Text."""
    name: str
    sample: Callable
    forms: dict
    misses: dict
    key: Callable = lambda value: value
    reply_only: set = field(default_factory=set)

    def register(self):
        KINDS.append(self)
        for form in self.forms:
            add(self.name, form, True, lambda r, form=form: self._equal(r, form))
        for miss in self.misses:
            add(self.name, "miss: " + miss, False,
                lambda r, miss=miss: self._unequal(r, miss))

    def gold(self, r):
        """An answer in its usual form."""
        return self.forms[self._usual()](self.sample(r), r)

    def _usual(self):
        return next(iter(self.forms))

    def _other(self, r, value, gold=False):
        names = [f for f in self.forms if not (gold and f in self.reply_only)]
        text = self.forms[r.choice(names)](value, r)
        return self.forms[self._usual()](value, r) if text is None else text

    def _equal(self, r, form):
        value = self.sample(r)
        text = self.forms[form](value, r)
        if text is None:
            return None
        usual = self.forms[self._usual()](value, r)
        way = r.random()
        if form in self.reply_only or way < 0.6:
            return usual, say(r, text, form in self.reply_only)
        if way < 0.8:
            return text, say(r, usual)
        return text, say(r, self._other(r, value), True)

    def _unequal(self, r, miss):
        value = self.sample(r)
        other = self.misses[miss](value, r)
        if other is None:
            return None
        gold = (self.forms[self._usual()](value, r) if r.random() < 0.7
                else self._other(r, value, True))
        if isinstance(other, Text):
            return (gold, say(r, other, True)) if other != gold else None
        if self.key(other) == self.key(value):
            return None
        return gold, say(r, self._other(r, other), True)
