"""Pairs of answers whose truth is known by construction.  Shares nothing with common/verify."""
from . import decimals, expressions, numbers, polynomials, rule, sets, structures, templates, units, words

MODULES = (numbers, decimals, expressions, polynomials, sets, structures, units, words, templates)


def rules():
    """All rules, made once."""
    if not rule.RULES:
        for module in MODULES:
            module.register()
    return rule.RULES
