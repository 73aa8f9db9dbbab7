"""Quantities: a number with a unit, an amount of money, a percentage, an angle."""
from fractions import Fraction

from .numbers import commas, decimal
from .rule import Kind, Text, add as add_rule, say

# One unit a line: its usual form in gold answers, then others of the same unit.
UNITS = {
    "cm": ["\\text{ cm}", "\\text{cm}", "\\ \\text{cm}", "\\,\\mathrm{cm}", "~\\mathrm{cm}", "\\mbox{ cm}", "\\text{ centimeters}", "\\text{ centimetres}", " cm", " centimeters"],
    "m": ["\\text{ m}", "\\,\\text{m}", "\\ \\mathrm{m}", "\\text{ meters}", "\\text{ metres}", " meters"],
    "km": ["\\text{ km}", "\\,\\mathrm{km}", "\\text{ kilometers}", " km"],
    "mm": ["\\text{ mm}", "\\mathrm{~mm}", "\\text{ millimeters}"],
    "in": ["\\text{ inches}", "\\text{ in}", "\\text{ in.}", " inches"],
    "ft": ["\\text{ feet}", "\\text{ ft}", "\\text{ ft.}", " feet", "\\,\\mathrm{ft}"],
    "mi": ["\\text{ miles}", " miles", "\\textrm{ miles}"],
    "kg": ["\\text{ kg}", "\\,\\mathrm{kg}", "\\text{ kilograms}", " kg"],
    "g": ["\\text{ g}", "\\,\\mathrm{g}", "\\text{ grams}", " grams"],
    "lb": ["\\text{ pounds}", "\\text{ lbs}", "\\text{ lb}", " pounds"],
    "s": ["\\text{ seconds}", "\\text{ s}", "\\text{ sec}", " seconds", "\\,\\mathrm{s}"],
    "min": ["\\text{ minutes}", "\\text{ min}", " minutes"],
    "h": ["\\text{ hours}", "\\text{ hrs}", "\\text{ h}", " hours"],
    "d": ["\\text{ days}", " days", "\\textbf{ days}"],
    "yr": ["\\text{ years}", " years"],
    "L": ["\\text{ liters}", "\\text{ L}", "\\text{ litres}", " liters"],
    "mL": ["\\text{ mL}", "\\text{ ml}", "\\text{ milliliters}", "\\,\\mathrm{mL}"],
    "cm^2": ["\\text{ cm}^2", "\\text{ cm}^{2}", "\\,\\mathrm{cm}^2", "\\text{ square centimeters}", "\\text{ sq cm}", "\\,\\text{cm}^2", "\\text{ cm\u00b2}", "\\text{ centimeters squared}"],
    "m^2": ["\\text{ m}^2", "\\,\\mathrm{m}^2", "\\,\\mathrm{m^2}", "\\text{ square meters}"],
    "ft^2": ["\\text{ square feet}", "\\text{ sq ft}", "\\text{ ft}^2", " square feet", "\\text{ sq. ft}"],
    "in^3": ["\\text{ cubic inches}", "\\text{ in}^3", " cubic inches"],
    "cm^3": ["\\text{ cm}^3", "\\text{ cubic centimeters}", "\\,\\mathrm{cm}^3"],
    "m/s": ["\\text{ m/s}", "\\,\\mathrm{m/s}", "\\ \\mathrm{m/s}", "\\text{ meters per second}", "\\,\\frac{\\text{m}}{\\text{s}}", "\\,\\mathrm{m\\,s^{-1}}"],
    "mi/h": ["\\text{ mph}", "\\text{ miles per hour}", " mph", " miles per hour", "\\text{ mi/h}", "\\text{ MPH}", "\\,\\frac{\\text{mi}}{\\text{h}}", "\\text{ miles/hour}"],
    "km/h": ["\\text{ km/h}", "\\,\\mathrm{km/h}", "\\text{ kilometers per hour}", "\\text{ kph}"],
    "m/s^2": ["\\text{ m/s}^2", "\\,\\mathrm{m/s^2}", "\\,\\mathrm{m/s}^2"],
    "J": ["\\text{ J}", "\\,\\mathrm{J}", "\\text{ joules}"],
    "N": ["\\text{ N}", "\\,\\mathrm{N}", "\\text{ newtons}"],
    "W": ["\\text{ W}", "\\,\\mathrm{W}", "\\text{ watts}"],
    "V": ["\\text{ V}", "\\,\\mathrm{V}", "\\text{ volts}"],
    "Hz": ["\\text{ Hz}", "\\,\\mathrm{Hz}", "\\text{ hertz}"],
    "Ohm": ["\\,\\Omega", "\\ \\Omega", "\\text{ ohms}"],
    "Pa": ["\\text{ Pa}", "\\,\\mathrm{Pa}", "\\text{ pascals}"],
    "mol": ["\\text{ mol}", "\\,\\mathrm{mol}", "\\text{ moles}"],
    "K": ["\\text{ K}", "\\,\\mathrm{K}", "\\text{ kelvin}"],
    "Celsius": ["^\\circ\\text{C}", "^{\\circ}\\mathrm{C}", "\\,^\\circ\\text{C}", "^\\circ C", "\u00b0C", "\\text{ degrees Celsius}"],
    "Fahrenheit": ["^\\circ\\text{F}", "^{\\circ}\\mathrm{F}", "^\\circ F", "\u00b0F", "\\text{ degrees Fahrenheit}"],
    "g/cm^3": ["\\text{ g/cm}^3", "\\,\\mathrm{g/cm^3}", "\\text{ grams per cubic centimeter}"],
    "yd": ["\\text{ yards}", "\\text{ yd}", " yards"],
    "oz": ["\\text{ ounces}", "\\text{ oz}", " ounces"],
    "gal": ["\\text{ gallons}", "\\text{ gal}", " gallons"],
    "week": ["\\text{ weeks}", " weeks"],
    "ha": ["\\text{ hectares}", "\\text{ ha}"],
    "units": ["\\text{ units}", " units"],
    "units^2": ["\\text{ square units}", "\\text{ units}^2", "\\text{ sq units}"],
}
# Units never taken for each other, or for none, in the near misses.
UNLIKE = [("cm", "m"), ("cm", "mm"), ("km", "m"), ("m", "ft"), ("in", "ft"), ("mi", "km"), ("kg", "g"), ("kg", "lb"), ("s", "min"), ("min", "h"),
          ("h", "d"), ("d", "yr"), ("L", "mL"), ("cm", "cm^2"), ("cm^2", "cm^3"), ("cm^2", "m^2"), ("m^2", "ft^2"), ("m/s", "km/h"), ("mi/h", "km/h"),
          ("m/s", "m"), ("m/s", "s"), ("m/s", "m/s^2"), ("J", "N"), ("kg", "m"), ("s", "m"), ("units", "units^2"), ("in^3", "cm^3"), ("m/s", "mi/h"),
          ("Celsius", "Fahrenheit"), ("K", "Celsius"), ("W", "J"), ("V", "W"), ("Hz", "s"), ("Pa", "N"), ("g/cm^3", "g"), ("yd", "ft"), ("oz", "lb"),
          ("gal", "L"), ("week", "d"), ("Ohm", "V"), ("mol", "g"), ("ha", "m^2")]
SCALES = ["million", "billion", "thousand", "hundred", "dozen", "trillion", "dozens", "thirds", "halves", "tenths", "hundredths", "thousandths",
          "fifths", "sixths", "squared", "cubed", "factorial", "percent of 7", "times 3", "plus 1", "or more", "or less", "million dollars",
          "thousand km", "hundred meters", "hundred thousand", "and a half", "to the third", "less than that", "at most"]


def amount(r):
    return r.choice([r.randint(2, 99), r.randint(100, 9999), Fraction(r.randint(11, 999), 10)])


def digits(n):
    return decimal(Fraction(n))


def register_units():
    for unit, forms in UNITS.items():
        for form in forms[1:]:
            def equal(r, form=form, forms=forms):
                n = digits(amount(r))
                gold, reply = (n + forms[0], n + form) if r.random() < 0.6 else (n + form, n + r.choice(forms[:-1]))
                return gold, say(r, reply, True)
            add_rule("units", f"{unit}: {form.strip()}", True, equal)

        def bare_gold(r, forms=forms):
            n = digits(amount(r))
            return n, say(r, n + r.choice(forms), True)
        add_rule("units", f"{unit}: in the reply only", True, bare_gold)

        def wrong(r, forms=forms):
            n = amount(r)
            return digits(n) + forms[0], say(r, digits(n + r.choice([1, -1, 10, Fraction(1, 10)])) + r.choice(forms), True)
        add_rule("units", f"{unit}, miss: another number", False, wrong)
    for a, b in UNLIKE:
        def unlike(r, a=a, b=b):
            n = digits(amount(r))
            x, y = (a, b) if r.random() < 0.5 else (b, a)
            return n + r.choice(UNITS[x]), say(r, n + r.choice(UNITS[y]), True)
        add_rule("units", f"miss: {a} for {b}", False, unlike)
    for word in SCALES:
        def scaled(r, word=word):
            n = str(r.randint(3, 99))
            return n, say(r, n + r.choice(["\\text{ %s}", " %s", "\\ \\text{%s}", "~\\mathrm{%s}" if " " not in word else " \\mbox{ %s}"]) % word, True)
        add_rule("units", f"miss: {word}", False, scaled)
    for word in ("million", "dozen", "thousand", "percent"):
        def from_scaled(r, word=word):
            n = r.randint(3, 99)
            return f"{n}\\text{{ {word}}}", say(r, f"{n}\\text{{ {'billion' if word != 'dozen' else 'score'}}}", True)
        add_rule("units", f"miss: another scale than {word}", False, from_scaled)
    for word, size in (("hundred", 100), ("thousand", 1000), ("million", 10**6), ("billion", 10**9)):
        def scale(r, word=word, size=size):
            n = r.randint(2, 99)
            a, b = f"{n}\\text{{ {word}}}", r.choice([str, commas])(n * size)
            return (a, say(r, b, True)) if r.random() < 0.5 else (b, say(r, a, True))
        add_rule("units", f"{word}, written out", True, scale)

        def not_scaled(r, word=word):
            n = r.randint(2, 99)
            return f"{n}\\text{{ {word}}}", say(r, str(n), True)
        add_rule("units", f"miss: {word} lost", False, not_scaled)

        def money(r, word=word, size=size):
            n = r.randint(2, 99)
            a, b = f"\\${n}\\text{{ {word}}}", f"\\${commas(n * size)}"
            return (a, say(r, b, True)) if r.random() < 0.5 else (b, say(r, a, True))
        add_rule("money", f"{word}, written out", True, money)

        def money_lost(r, word=word):
            n = r.randint(2, 99)
            return f"\\${n}\\text{{ {word}}}", say(r, r.choice([f"\\${n}", str(n), f"{n}\\text{{ dollars}}"]), True)
        add_rule("money", f"miss: {word} lost", False, money_lost)


def cents(r):
    return Fraction(r.randint(100, 99999), r.choice([1, 100, 100]))


def price(v, mark="\\$"):
    whole, part = divmod(int(v * 100), 100)
    return f"{mark}{whole}" + (f".{part:02d}" if part else "")


def price_commas(v, r):
    return f"\\${commas(int(v))}" + price(v)[len(f"\\${int(v)}"):] if v >= 1000 else None


MONEY = {
    "dollar sign": lambda v, r: price(v),
    "bare dollar sign": lambda v, r: price(v, "$"),
    "cents written": lambda v, r: price(v) + ("" if "." in price(v) else ".00"),
    "thousands by commas": price_commas,
    "dollars": lambda v, r: price(v, "") + "\\text{ dollars}",
    "bare dollars": lambda v, r: price(v, "") + " dollars",
    "USD": lambda v, r: price(v, "") + "\\text{ USD}",
    "text": lambda v, r: "\\text{\\$" + price(v, "") + "}",
    "USD in front": lambda v, r: "\\text{USD }" + price(v, ""),
    "US dollar sign": lambda v, r: "\\text{US}" + price(v),
    "dollars and cents": lambda v, r: f"{int(v)}\\text{{ dollars and }}{int(v * 100) % 100}\\text{{ cents}}" if v.denominator > 1 and int(v * 100) % 100 > 9 else None,
    "number alone": lambda v, r: price(v, ""),
    "space": lambda v, r: price(v, "\\$ "),
}
MONEY_MISSES = {
    "ten times": lambda v, r: v * 10,
    "a cent more": lambda v, r: v + Fraction(1, 100),
    "a dollar less": lambda v, r: v - 1,
    "point lost": lambda v, r: v * 100 if v.denominator > 1 else None,
    "as many cents": lambda v, r: Text(f"{price(v, '')}\\text{{ cents}}"),
    "negative": lambda v, r: Text("-" + price(v)),
    "million": lambda v, r: Text(price(v) + "\\text{ million}"),
    "another currency": lambda v, r: Text(price(v, "") + r.choice(["\\text{ euros}", "\\text{ cents}", "\\text{ yen}"])),
    "cents cut off": lambda v, r: Text(f"\\${int(v)}") if v.denominator > 1 else None,
    "other cents beside its dollars": lambda v, r: Text(f"{int(v)}\\text{{ dollars and }}{(int(v * 100) + 7) % 100}\\text{{ cents}}"),
    "cents for dollars and dollars for cents": lambda v, r: Text(f"{int(v * 100) % 100}\\text{{ dollars and }}{int(v) % 100}\\text{{ cents}}") if int(v * 100) % 100 != int(v) else None,
    "a kilogram": lambda v, r: Text(price(v, "") + "\\text{ kg}"),
}
PERCENT = {
    "percent": lambda n, r: f"{digits(n)}\\%",
    "space": lambda n, r: f"{digits(n)} \\%",
    "thin space": lambda n, r: f"{digits(n)}\\,\\%",
    "word": lambda n, r: f"{digits(n)}\\text{{ percent}}",
    "bare word": lambda n, r: f"{digits(n)} percent",
    "text": lambda n, r: f"{digits(n)}\\text{{\\%}}",
    "bare sign": lambda n, r: f"{digits(n)}%",
    "zero": lambda n, r: f"{digits(n)}.0\\%" if "." not in digits(n) else digits(n) + "0\\%",
}
PERCENT_MISSES = {
    "one more": lambda n, r: n + 1,
    "a tenth": lambda n, r: Fraction(n, 10),
    "ten times": lambda n, r: n * 10,
    "a hundredth percent": lambda n, r: Fraction(n, 100),
    "complement": lambda n, r: 100 - n if 0 < n < 100 else None,
    "negative": lambda n, r: -n,
    "twice a hundredth": lambda n, r: Text(digits(Fraction(n, 50))),
    "a thousandth": lambda n, r: Text(digits(Fraction(n, 1000))),
    "sign twice": lambda n, r: Text(f"{digits(n)}\\%\\%"),
    "of something": lambda n, r: Text(f"{digits(n)}\\%\\text{{ of }}7"),
    "dollars": lambda n, r: Text(f"{digits(n)}\\text{{ dollars}}"),
    "degrees": lambda n, r: Text(f"{digits(n)}^\\circ"),
}
ANGLE = {
    "circ": lambda n, r: f"{n}^\\circ",
    "circ in braces": lambda n, r: f"{n}^{{\\circ}}",
    "space": lambda n, r: f"{n} ^\\circ",
    "degree sign": lambda n, r: f"{n}\u00b0",
    "degrees": lambda n, r: f"{n}\\text{{ degrees}}",
    "bare degrees": lambda n, r: f"{n} degrees",
    "degree command": lambda n, r: f"{n}\\degree",
    "base in braces": lambda n, r: f"{{{n}}}^\\circ",
    "thin space before the circle": lambda n, r: f"{n}^{{\\,\\circ}}",
    "measure named": lambda n, r: f"m\\angle ABC = {n}^\\circ",
    "named": lambda n, r: f"\\angle ABC = {n}^\\circ",
    "named by a letter": lambda n, r: f"x = {n}^\\circ",
}
ANGLE_MISSES = {
    "one more": lambda n, r: n + 1,
    "complement": lambda n, r: 90 - n if n < 90 else None,
    "supplement": lambda n, r: 180 - n,
    "half": lambda n, r: n // 2 if n % 2 == 0 else None,
    "negative": lambda n, r: -n,
    "radians": lambda n, r: Text(f"{n}\\text{{ radians}}"),
    "to the zero": lambda n, r: Text(f"{n}^0"),
    "minutes": lambda n, r: Text(f"{n}'"),
    "pi": lambda n, r: Text(f"{n}\\pi"),
    "percent": lambda n, r: Text(f"{n}\\%"),
    "centimetres": lambda n, r: Text(f"{n}\\text{{ cm}}"),
}


def register_conventions():
    def add(name, make):
        add_rule("conventions", name, None, make)
    compound = [u for u in UNITS if "/" in u or "^" in u]
    for name, units in (("unit in the gold only", [u for u in UNITS if u not in compound]), ("unit in the gold only, compound", compound)):
        def number_only(r, units=units):
            n = digits(amount(r))
            return n + UNITS[r.choice(units)][0], say(r, n, True)
        add(name, number_only)
    def pair(gold, reply):
        add(f"{reply} for {gold}", lambda r: (gold, say(r, reply, True)))
    for gold, reply in (("\\text{(C)}", "\\text{(C) } 12"), ("\\text{(C)}", "\\text{Option C}"), ("\\text{no solution}", "\\emptyset"), ("\\text{no solution}", "\\text{none}"),
                        ("\\text{undefined}", "\\text{DNE}"), ("7", "\\text{seven}"), ("1:2", "\\frac{1}{2}"), ("1:2", "1\\text{ to }2"), ("(1, 2)", "P(1, 2)"),
                        ("[2, 3)", "[2, 3["), ("(-\\infty, 2)", "[-\\infty, 2)"), ("\\frac{1}{3}", "0.333333"), ("\\frac{1}{3}", "0.333\\ldots"), ("y = 2x + 1", "2x + 1"), ("2x + 1", "y = 2x + 1"),
                        ("0.05", "5e-2"), ("0.5", "0,5"), ("(1, 2)", "1, 2"), ("1, 2", "2, 1"), ("1, 2", "(1, 2)"), ("3 \\pmod 7", "10 \\pmod 7"), ("1101_2", "13")):
        pair(gold, reply)
    add("percent for its number", lambda r: (f"{(n := r.randint(2, 99))}\\%", say(r, str(n), True)))
    add("number for its percent", lambda r: (str(n := r.randint(2, 99)), say(r, f"{n}\\%", True)))
    add("percent for its fraction", lambda r: (f"{(n := r.randint(2, 99))}\\%", say(r, digits(Fraction(n, 100)), True)))
    add("fraction for its percent", lambda r: (digits(Fraction(n := r.randint(2, 99), 100)), say(r, f"{n}\\%", True)))
    add("degrees in the gold only", lambda r: (f"{(n := r.randint(2, 99))}^\\circ", say(r, str(n), True)))
    add("degrees in the reply only", lambda r: (str(n := r.randint(2, 99)), say(r, f"{n}^\\circ", True)))
    add("100 cm for 1 m", lambda r: (f"{(n := r.randint(2, 9))}\\text{{ m}}", say(r, f"{n}00\\text{{ cm}}", True)))
    add("cents for dollars", lambda r: (f"\\${(n := r.randint(2, 9))}", say(r, f"{n}00\\text{{ cents}}", True)))
    add("a thing counted", lambda r: (str(n := r.randint(2, 99)), say(r, f"{n}\\text{{ {r.choice(['apples', 'students', 'ways', 'marbles'])}}}", True)))


def register():
    register_units()
    Kind("money", cents, MONEY, MONEY_MISSES, reply_only={"number alone", "bare dollar sign"}).register()
    Kind("percentages", lambda r: Fraction(r.randint(2, 99), r.choice([1, 1, 10])),
         PERCENT, PERCENT_MISSES).register()
    Kind("angles", lambda r: r.randint(2, 179), ANGLE, ANGLE_MISSES, reply_only={"named", "measure named"}).register()
    register_conventions()
