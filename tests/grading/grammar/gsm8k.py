"""Replies in GSM8K's format, for the verifiers of one number."""
from .numbers import commas
from .rule import add as add_rule

EQUAL = [
    "#### @n", "####@n", "####  @n", "####\t@n", "#### @n\n", "#### @n  \n\n", "#### @n.", "#### **@n**", "#### *@n*", "#### $@n", "#### \\$@n", "#### $@n$", "#### $@n.00", "#### @n.0", "#### @n.00", "#### @n apples", "#### @n dollars",
    "#### @n dollars.", "#### @n hours", "#### @n km", "#### @n\u00a0apples", "#### @n (because he ate some)", "#### @n</s>", "#### @n<|im_end|>", "#### @n<|endoftext|>", "#### @n\r\n", "#### $@n per hour", "#### @n apples in total.", "#### @n\nThat is all.",
    "Then 3 + 4 = 7.\n#### @n", "#### @m\nWait, no.\n#### @n", "He has 5 apples.\n\n#### @n\n\n", "The answer is @m? No.\n#### @n", "#### @c", "#### $@c", "#### @c apples", "#### @c.00", "#### @c.", "#### **@c**", "#### \u20ac@n", "#### \u00a3@n", "#### @n, as we saw", "#### @n;", "#### @n minutes",
    "### Step 4\nfine\n#### @n", "# Title\n## Part\n#### @n", "#### @n years old", "#### @n cookies, which is right", "#### +@n", "#### @n square feet", "#### `@n`", "#### \"@n\"",
]
NEGATIVE = ["#### -@n", "#### - @n", "#### \u2212@n", "#### -$@n", "#### **-@n**", "#### -@n degrees", "#### -@n.0", "#### $-@n", "#### \u2013@n"]
UNEQUAL = [
    "#### @m", "#### -@n", "#### \u2212@n", "#### - @n", "#### @n0", "#### @n@n", "#### 1@n", "#### @n.5", "#### .@n", "#### 0.@n", "#### @n.01", "#### @n.000001", "#### @n million", "#### @n thousand", "#### @n hundred", "#### @n billion", "#### @n dozen",
    "#### @n dozens", "#### @nk", "#### @nK", "#### @nM", "#### @ne3", "#### @nE3", "#### @n/2", "#### 1/@n", "#### @n^2", "#### @n\u00b2", "#### @n*2", "#### @n x 2", "#### @n + @m", "#### @n-@m", "#### @n - @m", "#### @n to @m", "#### @n or @m", "#### @m or @n", "#### @n, @m", "#### @n and @m",
    "#### @n/@m", "#### @n:@m", "#### @n = @m", "#### @n #### @m", "#### between @n and @m", "#### not @n", "#### @n is wrong", "#### less than @n", "#### more than @n", "#### at least @n", "#### NaN", "#### nan", "#### inf", "#### infinity", "#### 1e999", "#### -1e999", "####", "#### ", "####\n",
    "#### ?", "#### unknown", "#### none", "", "\n", "@n", "The number is @n", "##### @n", "###### @n", "### @n", "## @n", "# @n", "# # # # @n", "\\#\\#\\#\\# @n", "#### x", "#### x@n", "#### a@n", "#### @nabc", "#### @n_000", "#### @n,000", "#### @n,5", "#### @n,55", "#### @n,5555", "#### @n.000.000", "#### @n @m", "#### @n @n", "#### @n\u00b73",
    "#### (@n)(@m)", "#### @n\u00bd", "#### @n 1/2", "#### @n\u00d72", "#### @n\u00f72", "#### @n**2", "#### @n//2", "#### ${answer}", "#### {answer}", "#### answer", "#### \\boxed{@m}", "#### @m\n@n", "#### @m (not @n)", "#### @m apples, @n pears", "@n\n#### @m", "#### @n\n#### @m", "<think>#### @n</think>\n#### @m",
    "#### 0x@n", "#### @n percent of @m", "#### 9999999999999999999999", "#### @n.@n", "#### @n\u2044@m", "#### @n thirds", "#### @n halves", "#### @n tenths", "#### twice @n", "#### half of @n", "#### -(@n)",
]
CONVENTIONS = ["#### --@n", "#### n: \\boxed{@n}", "#### x = @n", "#### The answer is @n", "####\n@n", "#### @n%", "#### @n!", "#### @n cents", "#### @n?", "#### about @n", "#### 0@n", "The answer is @n", "\\boxed{@n}", "#### @n + 0", "#### @n apples and @m pears"]
# Thousands in the wrong places: gold, reply.
COMMAS = [("56", "5,6"), ("123", "1,23"), ("123", "12,3"), ("1234", "12,34"), ("1234", "1,23,4"), ("1234", "123,4"), ("12345", "1,2345"), ("12345", "123,45"), ("100000", "1,000,00"), ("1000000", "10,00,000"),
          ("1234", ",1234"), ("1234", "1,,234"), ("1234", "1 ,234"), ("1234", "1, 234"), ("1000", "1.000"), ("1234567", "1234,567"), ("1234567", "1,234567"), ("56", "5 6"), ("56", "5_6"), ("56", "5'6"), ("1234", "1.234"), ("5", "5,0"), ("50", "5,0"), ("1", "1,000"), ("12", "1,2")]
COMMAS_EQUAL = [("1234", "1,234"), ("1234567", "1,234,567"), ("12000", "12,000"), ("123456", "123,456"), ("1,234", "1234"), ("1,234", "1,234"), ("1000", "1,000.00"), ("1000", "1,000."), ("2500.50", "2,500.5"), ("0.5", ".5"), ("2.50", "2.5"), ("1000", "$1,000 a year")]
LAST_EQUAL = ["2 + 3 = @n", "So he has @n apples.", "So he has **@n** apples.", "The answer is @n", "It costs $@n.", "@m + @k = @n.", "\\boxed{@n}", "#### @n", "Total: @c", "That makes @n.00 dollars.", "There are @n of them!"]
LAST_UNEQUAL = ["@n + 3 = @m", "So he has @m apples.", "He had @n and now has @m.", "none", "", "-@n", "@n0", "@n.5", "@n,000", "@ne3", "1/@n", "It is @n/2", "@n million", "@n dozen", "@n^2", "x@n"]


def filled(template, n, m, k):
    return template.replace("@n", str(n)).replace("@m", str(m)).replace("@k", str(k)).replace("@c", commas(n))


def add(family, templates, equal, verifier, negative=False):
    for template in templates:
        def make(r, template=template):
            n = r.randint(1001, 999999) if "@c" in template else r.choice([r.randint(2, 99), r.randint(2, 99), r.randint(100, 99999)])
            if "@n,0" in template or "@n,5" in template:
                n = n % 900 + 2
            m, k = n + r.choice([1, 2, 10, n]), n + r.choice([3, 5, 7])
            return ("-" if negative else "") + str(n), filled(template, n, m, k)
        add_rule(family, template.replace("\n", "\u21b5") + (" (negative gold)" if negative else ""), equal, make, verifier)


def register():
    add("####", EQUAL, True, "number")
    add("####", NEGATIVE, True, "number", True)
    add("####", UNEQUAL, False, "number")
    add("####", ["#### @n", "#### **@n**", "#### (@n)"], False, "number", True)
    for equal, pairs in ((False, COMMAS), (True, COMMAS_EQUAL)):
        for gold, reply in pairs:
            add_rule("####", f"{reply} for {gold}", equal, lambda r, gold=gold, reply=reply: (gold, f"#### {reply}"), "number")
    add("last number", LAST_EQUAL, True, "last-number")
    add("last number", LAST_UNEQUAL, False, "last-number")
    add("conventions", CONVENTIONS, None, "number")
