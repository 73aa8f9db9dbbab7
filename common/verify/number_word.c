#include "number_word.h"

#include <string.h>

static const char *const NUMBERS[] = {
    // scales and counts
    "hundred",
    "hundreds",
    "thousand",
    "thousands",
    "million",
    "millions",
    "billion",
    "billions",
    "trillion",
    "trillions",
    "quadrillion",
    "mil",
    "mio",
    "mn",
    "mln",
    "bn",
    "bln",
    "tn",
    "trn",
    "grand",
    "lakh",
    "lakhs",
    "crore",
    "crores",
    "myriad",
    "dozen",
    "dozens",
    "score",
    "gross",
    "pair",
    "pairs",
    "couple",
    "couples",
    "trio",
    "double",
    "triple",
    "twice",
    "thrice",
    // parts
    "half",
    "halves",
    "third",
    "thirds",
    "fourth",
    "fourths",
    "quarter",
    "quarters",
    "fifth",
    "fifths",
    "sixth",
    "sixths",
    "seventh",
    "sevenths",
    "eighth",
    "eighths",
    "ninth",
    "ninths",
    "tenth",
    "tenths",
    "eleventh",
    "elevenths",
    "twelfth",
    "twelfths",
    "twentieth",
    "twentieths",
    "hundredth",
    "hundredths",
    "thousandth",
    "thousandths",
    "millionth",
    "millionths",
    "billionth",
    "billionths",
    // ordinals: 5th is a rank
    "st",
    "nd",
    "rd",
    "th",
    // numbers
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "pi",
};

static const char *const OPERATIONS[] = {
    "plus",  "minus",     "times",  "over",       "divided",  "multiplied", "squared",
    "cubed", "factorial", "power",  "percentage", "modulo",   "mod",        "choose",
    "root",  "point",     "fewer",  "less",       "more",     "greater",    "least",
    "most",  "or",        "and",    "to",         "through",  "not",        "isn",
    "wrong", "incorrect", "except", "unless",     "negative",
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool same(const char *entry, const char *word, size_t len)
{
    if (strlen(entry) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(word[i]) != entry[i])
            return false;
    return true;
}

static bool among(const char *const *list, size_t count, const char *word, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (same(list[i], word, len))
            return true;
    return false;
}

#define AMONG(list, word, len) among(list, sizeof(list) / sizeof *(list), word, len)

bool number_word_scales(const char *word, size_t len)
{
    if (len == 1)
        return strchr("kKMBT", *word) != NULL;
    return AMONG(NUMBERS, word, len);
}

bool number_word_changes(const char *word, size_t len)
{
    if (len == 1) // others are factors: 5 x
        return strchr("mgshlLCFVWAaNJI", *word) == NULL;
    return number_word_scales(word, len) || AMONG(OPERATIONS, word, len);
}
