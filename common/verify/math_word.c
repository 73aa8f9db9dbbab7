#include "math_token.h"
#include "unit.h"

#include <string.h>

uint64_t math_hash(uint64_t seed, const char *text, size_t len)
{
    uint64_t hash = seed ^ 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}

struct entry {
    const char *name;
    enum math_token_kind kind;
    uint64_t id;
};

// A command stands for itself in the table of names unless `id` says another name.
static const struct entry COMMANDS[] = {
    {"frac", MATH_T_FRAC, 0},
    {"dfrac", MATH_T_FRAC, 0},
    {"tfrac", MATH_T_FRAC, 0},
    {"cfrac", MATH_T_FRAC, 0},
    {"nicefrac", MATH_T_FRAC, 0},
    {"sfrac", MATH_T_FRAC, 0},
    {"binom", MATH_T_BINOM, 0},
    {"dbinom", MATH_T_BINOM, 0},
    {"tbinom", MATH_T_BINOM, 0},
    {"sqrt", MATH_T_ROOT, 0},
    {"boxed", MATH_T_BOX, 0},
    {"fbox", MATH_T_BOX, 0},
    {"choose", MATH_T_INFIX, MATH_CHOOSE_INFIX},
    {"over", MATH_T_INFIX, MATH_OVER_INFIX},
    {"bmod", MATH_T_INFIX, MATH_MOD_INFIX},
    {"mod", MATH_T_INFIX, MATH_MOD_INFIX},
    {"pmod", MATH_T_INFIX, MATH_PMOD_INFIX},
    {"begin", MATH_T_BEGIN, 0},
    {"end", MATH_T_FINISH, 0},
    {"pm", MATH_T_PM, 0},
    {"mp", MATH_T_MP, 0},
    {"cdot", MATH_T_TIMES, 0},
    {"times", MATH_T_TIMES, 0},
    {"ast", MATH_T_TIMES, 0},
    {"div", MATH_T_OVER, 0},
    {"infty", MATH_T_INFINITY, 0},
    {"circ", MATH_T_DEGREE, 0},
    {"degree", MATH_T_DEGREE, 0},
    {"prime", MATH_T_PRIME, 0},
    {"cup", MATH_T_SETOP, 'u'},
    {"bigcup", MATH_T_SETOP, 'u'},
    {"cap", MATH_T_SETOP, 'n'},
    {"bigcap", MATH_T_SETOP, 'n'},
    {"setminus", MATH_T_SETOP, '-'},
    {"backslash", MATH_T_SETOP, '-'},
    {"langle", MATH_T_OPEN, '<'},
    {"rangle", MATH_T_CLOSE, '<'},
    {"lfloor", MATH_T_OPEN, 'f'},
    {"rfloor", MATH_T_CLOSE, 'f'},
    {"lceil", MATH_T_OPEN, 'c'},
    {"rceil", MATH_T_CLOSE, 'c'},
    {"lbrace", MATH_T_LSET, 0},
    {"rbrace", MATH_T_RSET, 0},
    {"vert", MATH_T_BAR, 0},
    {"lVert", MATH_T_BAR, 0},
    {"rVert", MATH_T_BAR, 0},
    {"Vert", MATH_T_BAR, 0},
    {"lvert", MATH_T_BAR, 1},
    {"rvert", MATH_T_BAR, 2},
    {"mid", MATH_T_MID, 0},
    {"R", MATH_T_NAMED, 'R'},
    {"Z", MATH_T_NAMED, 'Z'},
    {"Q", MATH_T_NAMED, 'Q'},
    {"N", MATH_T_NAMED, 'N'},
    {"C", MATH_T_NAMED, 'C'},
    {"Reals", MATH_T_NAMED, 'R'},
    {"emptyset", MATH_T_EMPTY, 0},
    {"varnothing", MATH_T_EMPTY, 0},
    {"lor", MATH_T_SEPARATOR, MATH_OR_ID},
    {"vee", MATH_T_SEPARATOR, MATH_OR_ID},
    {"land", MATH_T_SEPARATOR, MATH_AND_ID},
    {"wedge", MATH_T_SEPARATOR, MATH_AND_ID},
    {"Bbb", MATH_T_ACCENT, 0},
    {"colon", MATH_T_COLON, 0},
    {"eq", MATH_T_RELATION, MATH_EQ},
    {"ne", MATH_T_RELATION, MATH_NE},
    {"neq", MATH_T_RELATION, MATH_NE},
    {"lt", MATH_T_RELATION, MATH_LT},
    {"le", MATH_T_RELATION, MATH_LE},
    {"leq", MATH_T_RELATION, MATH_LE},
    {"leqslant", MATH_T_RELATION, MATH_LE},
    {"gt", MATH_T_RELATION, MATH_GT},
    {"ge", MATH_T_RELATION, MATH_GE},
    {"geq", MATH_T_RELATION, MATH_GE},
    {"geqslant", MATH_T_RELATION, MATH_GE},
    {"approx", MATH_T_RELATION, MATH_ABOUT},
    {"simeq", MATH_T_RELATION, MATH_ABOUT},
    {"in", MATH_T_RELATION, MATH_MEMBER},
    {"equiv", MATH_T_RELATION, MATH_OTHER_RELATION},
    {"sim", MATH_T_RELATION, MATH_OTHER_RELATION + 1},
    {"to", MATH_T_RELATION, MATH_OTHER_RELATION + 2},
    {"rightarrow", MATH_T_RELATION, MATH_OTHER_RELATION + 2},
    {"subset", MATH_T_RELATION, MATH_OTHER_RELATION + 3},
    {"subseteq", MATH_T_RELATION, MATH_OTHER_RELATION + 4},
    {"notin", MATH_T_RELATION, MATH_NOT_MEMBER},
    {"perp", MATH_T_RELATION, MATH_OTHER_RELATION + 6},
    {"parallel", MATH_T_RELATION, MATH_OTHER_RELATION + 7},
    {"implies", MATH_T_RELATION, MATH_OTHER_RELATION + 8},
    {"Rightarrow", MATH_T_RELATION, MATH_OTHER_RELATION + 8},
    {"iff", MATH_T_RELATION, MATH_OTHER_RELATION + 9},
    {"sum", MATH_T_BIG, 0},
    {"prod", MATH_T_BIG, 0},
    {"int", MATH_T_BIG, 0},
    {"lim", MATH_T_BIG, 0},
    {"overline", MATH_T_ACCENT, 0},
    {"vec", MATH_T_ACCENT, 0},
    {"hat", MATH_T_ACCENT, 0},
    {"bar", MATH_T_ACCENT, 0},
    {"tilde", MATH_T_ACCENT, 0},
    {"dot", MATH_T_ACCENT, 0},
    {"widehat", MATH_T_ACCENT, 0},
    {"widetilde", MATH_T_ACCENT, 0},
    {"overrightarrow", MATH_T_ACCENT, 0},
    {"mathbb", MATH_T_ACCENT, 0},
    {"mathcal", MATH_T_ACCENT, 0},
};

// Functions, some known by another's name.
static const char *const FUNCTIONS[][2] = {
    {"sin", "sin"},        {"cos", "cos"},        {"tan", "tan"},
    {"tg", "tan"},         {"cot", "cot"},        {"ctg", "cot"},
    {"sec", "sec"},        {"csc", "csc"},        {"cosec", "csc"},
    {"arcsin", "arcsin"},  {"arccos", "arccos"},  {"arctan", "arctan"},
    {"asin", "arcsin"},    {"acos", "arccos"},    {"atan", "arctan"},
    {"arctg", "arctan"},   {"arccot", "arccot"},  {"arcctg", "arccot"},
    {"arcsec", "arcsec"},  {"arccsc", "arccsc"},  {"sinh", "sinh"},
    {"cosh", "cosh"},      {"tanh", "tanh"},      {"sech", "sech"},
    {"csch", "csch"},      {"coth", "coth"},      {"arcsinh", "arsinh"},
    {"arccosh", "arcosh"}, {"arctanh", "artanh"}, {"arsinh", "arsinh"},
    {"arcosh", "arcosh"},  {"artanh", "artanh"},  {"sh", "sinh"},
    {"ch", "cosh"},        {"log", "log"},        {"ln", "ln"},
    {"lg", "lg"},          {"exp", "exp"},        {"gcd", "gcd"},
    {"lcm", "lcm"},        {"max", "max"},        {"min", "min"},
    {"det", "det"},        {"cis", "cis"},        {"floor", "floor"},
    {"ceil", "ceil"},      {"sqrt", "sqrt"},      {"abs", "abs"},
    {"deg", "deg"},        {"Re", "Re"},          {"Im", "Im"},
    {"arg", "arg"},        {"sgn", "sgn"},
};

static const char *const SKIPPED[] = {
    "left",    "right",         "big",          "Big",        "bigg",
    "Bigg",    "bigl",          "bigr",         "Bigl",       "Bigr",
    "biggl",   "biggr",         "displaystyle", "textstyle",  "quad",
    "qquad",   "limits",        "middle",       "thinspace",  "mathrm",
    "mathbf",  "mathit",        "boldsymbol",   "bm",         "mathsf",
    "mathtt",  "operatorname",  "nolimits",     "rm",         "bf",
    "mathop",  "scriptstyle",   "nonumber",     "hfill",      "ensuremath",
    "it",      "negthinspace",  "enspace",      "space",      "null",
    "mathord", "displaylimits", "underline",    "large",      "Large",
    "LARGE",   "huge",          "Huge",         "small",      "normalsize",
    "tiny",    "bold",          "pmb",          "mathnormal", "bfseries",
};

// Units that are no products of variables in plain text either.
static const char *const UNITS[] = {
    "cm",      "mm",   "km",    "kg",    "ft",     "mph",   "mL",     "ml",     "min",
    "sec",     "hr",   "hrs",   "hours", "hour",   "days",  "day",    "inches", "inch",
    "feet",    "foot", "miles", "mile",  "yards",  "yard",  "cents",  "cent",   "units",
    "unit",    "sq",   "lbs",   "lb",    "oz",     "yuan",  "euros",  "euro",   "USD",
    "years",   "year", "weeks", "week",  "am",     "AM",    "PM",     "pm",     "cups",
    "cup",     "rad",  "kmh",   "kph",   "ways",   "way",   "people", "men",    "boys",
    "girls",   "per",  "dozen", "half",  "thirds", "third", "tenths", "tenth",  "sq",
    "million", "mins",
};

static bool same(const char *entry, const char *name, size_t len)
{
    return strlen(entry) == len && memcmp(entry, name, len) == 0;
}

static bool among(const char *const *list, size_t count, const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (same(list[i], name, len))
            return true;
    return false;
}

#define AMONG(list, name, len) among(list, sizeof(list) / sizeof *(list), name, len)

bool math_function(struct math_token *token, const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++)
        if (same(FUNCTIONS[i][0], name, len)) {
            token->kind = MATH_T_CALL;
            token->id = math_hash(0, FUNCTIONS[i][1], strlen(FUNCTIONS[i][1]));
            return true;
        }
    return false;
}

bool math_command(struct math_token *token, const char *name, size_t len)
{
    token->id = math_hash(0, name, len);
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (!same(COMMANDS[i].name, name, len))
            continue;
        token->kind = COMMANDS[i].kind;
        if (token->kind != MATH_T_BIG && token->kind != MATH_T_ACCENT)
            token->id = COMMANDS[i].id;
        return true;
    }
    if (math_function(token, name, len))
        return true;
    if (AMONG(SKIPPED, name, len)) {
        token->kind = MATH_T_SKIP;
        return true;
    }
    return false;
}

bool math_opens_text(const char *name, size_t len)
{
    static const char *const OTHERS[] = {"mbox", "hbox", "emph"};
    if (AMONG(OTHERS, name, len))
        return true;
    return len >= 4 && memcmp(name, "text", 4) == 0 && !same("textstyle", name, len) &&
           !same("textcolor", name, len);
}

bool math_hides(const char *name, size_t len)
{
    static const char *const HIDDEN[] = {"phantom",   "hphantom", "vphantom", "hspace",
                                         "vspace",    "label",    "tag",      "color",
                                         "textcolor", "colorbox"};
    return AMONG(HIDDEN, name, len);
}

// Letters spelled out in plain text.
static const char *const GREEK[] = {"pi",    "alpha",  "beta", "gamma", "delta",
                                    "theta", "lambda", "phi",  "sigma", "omega"};

bool math_word(struct math_token *token, const char *name, size_t len)
{
    token->id = math_hash(0, name, len);
    token->unit = false;
    if (same("and", name, len) || same("or", name, len)) {
        token->kind = MATH_T_SEPARATOR;
        token->id = len == 2 ? MATH_OR_ID : MATH_AND_ID;
    } else if (same("sqrt", name, len)) {
        token->kind = MATH_T_ROOT;
    } else if (AMONG(GREEK, name, len)) {
        token->kind = MATH_T_NAME;
    } else if (same("infinity", name, len) || same("Infinity", name, len) ||
               same("inf", name, len) || same("oo", name, len) ||
               same("infty", name, len)) {
        token->kind = MATH_T_INFINITY;
    } else if (same("percent", name, len) || same("pct", name, len)) {
        token->kind = MATH_T_PERCENT;
    } else if (same("degrees", name, len) || same("degree", name, len)) {
        token->kind = MATH_T_DEGREE;
    } else if (same("U", name, len)) {
        token->kind = MATH_T_SETOP;
        token->id = 'u';
    } else if (AMONG(UNITS, name, len) && len > 1) {
        token->kind = MATH_T_WORD;
        token->unit = true;
    } else if (same("choose", name, len)) {
        token->kind = MATH_T_INFIX;
        token->id = MATH_CHOOSE_INFIX;
    } else if (same("mod", name, len)) {
        token->kind = MATH_T_INFIX;
        token->id = MATH_MOD_INFIX;
    } else {
        return (len > 2 || same("ln", name, len)) && math_function(token, name, len);
    }
    return true;
}

static bool upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool decimal(char c)
{
    return c >= '0' && c <= '9';
}

size_t math_base_digits(const char *text, size_t len)
{
    size_t n = 0, letters = 0;
    for (; n < len && (upper(text[n]) || decimal(text[n])); n++)
        letters += upper(text[n]);
    if (n < 2 || letters == 0 || n + 2 >= len || text[n] != '_')
        return 0;
    const char *base = text + n + 1 + (text[n + 1] == '{');
    if (base + 1 >= text + len || !decimal(base[0]) || !decimal(base[1]))
        return 0;
    int value = (base[0] - '0') * 10 + (base[1] - '0');
    return value > 10 && value <= 36 ? n : 0;
}

// A run of letters in a group that may be a unit.
static bool unit_letters(const char *word, size_t len)
{
    struct unit unit = {0};
    struct math_token token = {0};
    if (!unit_find(&unit, word, len, false) || unit.kind == UNIT_FACTOR)
        return false;
    return len > 1 ? !math_word(&token, word, len) || token.unit
                   : strchr("mgsLNJWVAKChlFT", *word) != NULL;
}

bool math_unit_group(const char *text, size_t len)
{
    size_t at = 1, words = 0;
    if (len == 0 || *text != '{')
        return false;
    for (int depth = 1; at < len && depth > 0;) {
        char c = text[at];
        size_t n = 0;
        while (at + n < len &&
               (upper(text[at + n]) || (text[at + n] >= 'a' && text[at + n] <= 'z')))
            n++;
        if (n > 0) {
            if (!unit_letters(text + at, n))
                return false;
            words++;
            at += n;
            continue;
        }
        depth += (c == '{') - (c == '}');
        if (c == '\\' && at + 1 < len && strchr(",; !", text[at + 1])) {
            at += 2;
        } else if (c == '\\' && len - at > 5 && memcmp(text + at, "\\cdot", 5) == 0) {
            at += 5;
        } else if (strchr(" ~/^{}-.23", c) || c == '1') {
            at++;
        } else {
            return false;
        }
    }
    return words > 0 && text[at - 1] == '}';
}
