"""Pairs of answers whose truth is known by construction.  Shares nothing with common/verify."""
from . import composites, decimals, domains, expressions, numbers, operators, polynomials, rule, sets, statements, structures, templates, units, words

MODULES = (numbers, decimals, expressions, polynomials, operators, sets, domains, structures, statements, composites,
           units, words, templates)


def rules():
    """All rules, made once."""
    if not rule.RULES:
        for module in MODULES:
            module.register()
    return rule.RULES
