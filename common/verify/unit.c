#include "unit.h"

#include <string.h>

struct measure {
    const char *name;  // as the others are known by it
    const char *words; // its spellings, apart by spaces
};

static const struct measure MEASURES[] = {
    {"mm", "mm millimeter millimetre"},
    {"cm", "cm centimeter centimetre"},
    {"dm", "dm decimeter decimetre"},
    {"m", "m meter metre"},
    {"km", "km kilometer kilometre"},
    {"in", "in inch inches"},
    {"ft", "ft foot feet"},
    {"yd", "yd yard"},
    {"mi", "mi mile"},
    {"nm", "nm nanometer nanometre"},
    {"um", "um micrometer micrometre"},
    {"lightyear", "lightyear light-year"},
    {"mg", "mg milligram"},
    {"g", "g gm gram gramme"},
    {"kg", "kg kgs kilogram kilo"},
    {"ton", "ton tonne"},
    {"lb", "lb lbs pound GBP"},
    {"oz", "oz ounce"},
    {"ml", "ml mL milliliter millilitre"},
    {"cl", "cl cL centiliter centilitre"},
    {"l", "l L liter litre"},
    {"gal", "gal gallon"},
    {"qt", "qt quart"},
    {"pint", "pint"},
    {"cup", "cup"},
    {"tbsp", "tbsp tablespoon"},
    {"tsp", "tsp teaspoon"},
    {"ms", "ms millisecond"},
    {"s", "s sec secs second"},
    {"min", "min mins minute"},
    {"h", "h hr hrs hour"},
    {"day", "day"},
    {"week", "week wk"},
    {"month", "month"},
    {"year", "year yr yrs"},
    {"decade", "decade"},
    {"century", "century centuries"},
    {"mi/h", "mph MPH"},
    {"km/h", "kph kmh kmph"},
    {"knot", "knot"},
    {"acre", "acre"},
    {"hectare", "hectare ha"},
    {"N", "N newton"},
    {"J", "J joule"},
    {"kJ", "kJ kilojoule"},
    {"cal", "cal calorie"},
    {"kcal", "kcal kilocalorie"},
    {"eV", "eV"},
    {"W", "W watt"},
    {"kW", "kW kilowatt"},
    {"kWh", "kWh"},
    {"V", "V volt"},
    {"A", "A amp ampere"},
    {"mA", "mA"},
    {"ohm", "ohm Omega"},
    {"F", "F farad fahrenheit"},
    {"C", "C coulomb celsius"},
    {"K", "K kelvin"},
    {"Hz", "Hz hertz"},
    {"kHz", "kHz"},
    {"MHz", "MHz"},
    {"Pa", "Pa pascal"},
    {"kPa", "kPa"},
    {"atm", "atm atmosphere"},
    {"T", "T tesla"},
    {"mol", "mol mole"},
    {"bit", "bit"},
    {"byte", "byte"},
    {"MB", "MB"},
    {"GB", "GB"},
    {"dollar", "dollar USD buck"},
    {"cent", "cent"},
    {"euro", "euro EUR"},
    {"yen", "yen JPY"},
    {"yuan", "yuan RMB CNY"},
    {"rupee", "rupee INR"},
    {"degree", "degree deg"},
    {"rad", "rad radian"},
    {"am", "am AM a.m A.M"},
    {"pm", "pm PM p.m P.M"},
    {"unit", "unit"},
    {"revolution", "revolution rev"},
    {"rpm", "rpm"},
};

static const char *const COUNTS[] = {
    "way",         "people",      "person",   "student",  "teacher",  "child",
    "children",    "boy",         "girl",     "man",      "men",      "woman",
    "women",       "player",      "team",     "game",     "match",    "matches",
    "point",       "piece",       "item",     "object",   "element",  "set",
    "subset",      "value",       "solution", "root",     "integer",  "number",
    "digit",       "term",        "triple",   "triangle", "square",   "circle",
    "rectangle",   "polygon",     "face",     "edge",     "vertex",   "vertices",
    "side",        "diagonal",    "line",     "segment",  "ball",     "marble",
    "card",        "coin",        "die",      "dice",     "book",     "page",
    "word",        "letter",      "apple",    "orange",   "banana",   "egg",
    "cookie",      "candy",       "candies",  "cake",     "pie",      "slice",
    "ticket",      "dog",         "cat",      "cow",      "chicken",  "fish",
    "bird",        "animal",      "tree",     "flower",   "plant",    "car",
    "bus",         "buses",       "train",    "bike",     "house",    "room",
    "seat",        "chair",       "table",    "box",      "boxes",    "bag",
    "bottle",      "glass",       "glasses",  "pen",      "pencil",   "meal",
    "member",      "friend",      "worker",   "customer", "employee", "guest",
    "vote",        "step",        "move",     "turn",     "path",     "arrangement",
    "combination", "permutation", "outcome",  "function", "case",     "pattern",
    "block",       "tile",        "cube",     "brick",    "stamp",    "sticker",
    "shirt",       "sock",        "shoe",     "hat",      "toy",      "question",
    "problem",     "multiple",    "factor",   "divisor",  "prime",    "stick",
    "sheep",       "goat",        "duck",     "pig",      "horse",    "rabbit",
    "bead",        "flag",        "song",     "photo",    "picture",  "sheet",
    "distinct",    "different",   "possible", "right",    "total",    "old",
    "each",        "long",        "tall",     "wide",     "high",     "deep",
    "away",        "altogether",  "of",       "age",
};

static const struct {
    const char *word, *factor, *divisor;
} FACTORS[] = {
    {"hundred", "100", NULL},
    {"thousand", "1000", NULL},
    {"million", "1000000", NULL},
    {"billion", "1000000000", NULL},
    {"trillion", "1000000000000", NULL},
    {"lakh", "100000", NULL},
    {"crore", "10000000", NULL},
    {"dozen", "12", NULL},
    {"half", NULL, "2"},
    {"halve", NULL, "2"},
    {"third", NULL, "3"},
    {"fourth", NULL, "4"},
    {"fifth", NULL, "5"},
    {"sixth", NULL, "6"},
    {"seventh", NULL, "7"},
    {"eighth", NULL, "8"},
    {"ninth", NULL, "9"},
    {"tenth", NULL, "10"},
    {"twelfth", NULL, "12"},
    {"hundredth", NULL, "100"},
    {"thousandth", NULL, "1000"},
    {"millionth", NULL, "1000000"},
};

// Behind an amount of money.
static const struct {
    const char *word, *factor;
} SHORT_FACTORS[] = {
    {"k", "1000"},          {"K", "1000"},           {"M", "1000000"},
    {"mn", "1000000"},      {"mil", "1000000"},      {"B", "1000000000"},
    {"bn", "1000000000"},   {"m", "1000000"},        {"b", "1000000000"},
    {"T", "1000000000000"}, {"tn", "1000000000000"},
};

static const struct {
    const char *word;
    enum unit_kind kind;
} MODIFIERS[] = {
    {"square", UNIT_SQUARE}, {"sq", UNIT_SQUARE},       {"cubic", UNIT_CUBIC},
    {"cu", UNIT_CUBIC},      {"squared", UNIT_SQUARED}, {"cubed", UNIT_CUBED},
    {"per", UNIT_PER},       {"a", UNIT_PER},           {"an", UNIT_PER},
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

// Short words keep their case: mL, MB, N, but cm and CM are read alike.
static bool same(const char *entry, size_t entry_len, const char *word, size_t len)
{
    if (entry_len != len)
        return false;
    if (memcmp(entry, word, len) == 0)
        return true;
    if (len <= 3)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(entry[i]) != lower(word[i]))
            return false;
    return true;
}

static bool listed(const char *words, const char *word, size_t len)
{
    while (*words) {
        size_t n = strcspn(words, " ");
        if (same(words, n, word, len))
            return true;
        words += n;
        words += *words == ' ';
    }
    return false;
}

// The word itself or, of a plural, what stands before its s.
static bool either(const char *words, const char *word, size_t len)
{
    if (listed(words, word, len))
        return true;
    return len > 3 && lower(word[len - 1]) == 's' && listed(words, word, len - 1);
}

static uint64_t hash_of(const char *name, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
    return hash;
}

// Of mi/h that of mi less that of h: as the parts of a compound unit add up.
static uint64_t id_of(const char *name)
{
    size_t len = strcspn(name, "/");
    uint64_t id = hash_of(name, len);
    return name[len] ? id - hash_of(name + len + 1, strlen(name + len + 1)) : id;
}

static bool find_factor(struct unit *out, const char *word, size_t len, bool prefixed)
{
    for (size_t i = 0; i < sizeof FACTORS / sizeof *FACTORS; i++)
        if (either(FACTORS[i].word, word, len)) {
            *out = (struct unit){.kind = UNIT_FACTOR,
                                 .factor = FACTORS[i].factor,
                                 .divisor = FACTORS[i].divisor};
            return true;
        }
    for (size_t i = 0; prefixed && i < sizeof SHORT_FACTORS / sizeof *SHORT_FACTORS;
         i++)
        if (listed(SHORT_FACTORS[i].word, word, len)) {
            *out =
                (struct unit){.kind = UNIT_FACTOR, .factor = SHORT_FACTORS[i].factor};
            return true;
        }
    return false;
}

bool unit_find(struct unit *out, const char *word, size_t len, bool prefixed)
{
    if (len > 1 && word[len - 1] == '.')
        len--; // hrs.
    if (find_factor(out, word, len, prefixed))
        return true;
    for (size_t i = 0; i < sizeof MODIFIERS / sizeof *MODIFIERS; i++)
        if (listed(MODIFIERS[i].word, word, len)) {
            *out = (struct unit){.kind = MODIFIERS[i].kind};
            return true;
        }
    for (size_t i = 0; i < sizeof MEASURES / sizeof *MEASURES; i++)
        if (either(MEASURES[i].words, word, len)) {
            *out = (struct unit){.kind = UNIT_MEASURE, .id = id_of(MEASURES[i].name)};
            return true;
        }
    for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++)
        if (either(COUNTS[i], word, len)) {
            *out = (struct unit){.kind = UNIT_COUNT, .id = id_of(COUNTS[i])};
            return true;
        }
    return false;
}
