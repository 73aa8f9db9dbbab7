// Symbols outside ASCII.
#include "math_token.h"
#include "unit.h"

#include <string.h>

struct entry {
    const char *name;
    enum math_token_kind kind;
    uint64_t id;
};

static const struct entry SYMBOLS[] = {
    {"\xe2\x84\x9d", MATH_T_NAMED, 'R'},                        // blackboard letters
    {"\xe2\x84\xa4", MATH_T_NAMED, 'Z'},                        //
    {"\xe2\x84\x9a", MATH_T_NAMED, 'Q'},                        //
    {"\xe2\x84\x95", MATH_T_NAMED, 'N'},                        //
    {"\xe2\x84\x82", MATH_T_NAMED, 'C'},                        //
    {"\xe2\x88\x85", MATH_T_EMPTY, 0},                          // empty set
    {"\xe6\x88\x96", MATH_T_SEPARATOR, MATH_OR_ID},             // or, in Chinese
    {"\xe5\x92\x8c", MATH_T_SEPARATOR, MATH_AND_ID},            // and
    {"\xe2\x88\xa8", MATH_T_SEPARATOR, MATH_OR_ID},             // logical or
    {"\xe2\x88\xa7", MATH_T_SEPARATOR, MATH_AND_ID},            // logical and
    {"\xe2\x88\xa3", MATH_T_MID, 0},                            // divides
    {"\xe2\x88\x96", MATH_T_SETOP, '-'},                        // set minus
    {"\xe2\x88\x92", MATH_T_MINUS, 0},                          // minus sign
    {"\xe2\x80\x93", MATH_T_MINUS, 0},                          // en dash
    {"\xc3\x97", MATH_T_TIMES, 0},                              // multiplication sign
    {"\xc2\xb7", MATH_T_TIMES, 0},                              // middle dot
    {"\xc3\xb7", MATH_T_OVER, 0},                               // division sign
    {"\xc2\xb1", MATH_T_PM, 0},                                 // plus-minus
    {"\xe2\x88\x9a", MATH_T_ROOT, 0},                           // square root
    {"\xe2\x88\x9e", MATH_T_INFINITY, 0},                       // infinity
    {"\xe2\x89\xa4", MATH_T_RELATION, MATH_LE},                 // less or equal
    {"\xe2\x89\xa5", MATH_T_RELATION, MATH_GE},                 // greater or equal
    {"\xe2\x89\xa0", MATH_T_RELATION, MATH_NE},                 // not equal
    {"\xe2\x89\x88", MATH_T_RELATION, MATH_ABOUT},              // almost equal
    {"\xe2\x88\x88", MATH_T_RELATION, MATH_MEMBER},             // element of
    {"\xe2\x88\x89", MATH_T_RELATION, MATH_NOT_MEMBER},         // not an element of
    {"\xe2\x88\xaa", MATH_T_SETOP, 'u'},                        // union
    {"\xe2\x88\xa9", MATH_T_SETOP, 'n'},                        // intersection
    {"\xc2\xb0", MATH_T_DEGREE, 0},                             // degree sign
    {"\xef\xbc\x8c", MATH_T_SEPARATOR, 0},                      // full-width comma
    {"\xe2\x8b\x85", MATH_T_TIMES, 0},                          // dot operator
    {"\xe2\x88\x97", MATH_T_TIMES, 0},                          // asterisk operator
    {"\xe2\x81\x84", MATH_T_OVER, 0},                           // fraction slash
    {"\xe2\x88\x95", MATH_T_OVER, 0},                           // division slash
    {"\xef\xbc\x8b", MATH_T_PLUS, 0},                           // full-width signs
    {"\xef\xbc\x8d", MATH_T_MINUS, 0},                          //
    {"\xef\xbc\x9d", MATH_T_RELATION, MATH_EQ},                 //
    {"\xef\xbc\x9a", MATH_T_COLON, 0},                          //
    {"\xef\xbc\x9b", MATH_T_SEPARATOR, 0},                      //
    {"\xef\xbc\x88", MATH_T_OPEN, '('},                         //
    {"\xef\xbc\x89", MATH_T_CLOSE, '('},                        //
    {"\xe3\x80\x81", MATH_T_SEPARATOR, 0},                      // ideographic comma
    {"\xe2\x80\xb2", MATH_T_PRIME, 0},                          // prime
    {"\xe2\x89\xa1", MATH_T_RELATION, MATH_OTHER_RELATION},     // identical
    {"\xe2\x86\x92", MATH_T_RELATION, MATH_OTHER_RELATION + 2}, // arrow
    {"\xc2\xa0", MATH_T_SKIP, 0},                               // no-break space
    {"\xe3\x80\x82", MATH_T_SKIP, 0},                           // full-width full stop
};

// Letters that are commands in LaTeX.
static const char *const NAMES[][2] = {
    {"\xce\xb1", "alpha"},    {"\xce\xb2", "beta"},    {"\xce\xb3", "gamma"},
    {"\xce\xb4", "delta"},    {"\xce\xb5", "epsilon"}, {"\xce\xb8", "theta"},
    {"\xce\xbb", "lambda"},   {"\xce\xbc", "mu"},      {"\xcf\x80", "pi"},
    {"\xcf\x81", "rho"},      {"\xcf\x83", "sigma"},   {"\xcf\x84", "tau"},
    {"\xcf\x86", "phi"},      {"\xcf\x95", "phi"},     {"\xcf\x89", "omega"},
    {"\xce\x94", "Delta"},    {"\xce\xa9", "Omega"},

    {"\xe2\x80\xa6", "dots"},
};

static const char *const CURRENCIES[][2] = {{"\xe2\x82\xac", "euro"},
                                            {"\xc2\xa3", "pound"},
                                            {"\xc2\xa5", "yen"},
                                            {"\xe2\x82\xb9", "rupee"}};

uint64_t math_currency(const char *word)
{
    struct unit unit = {0};
    return unit_find(&unit, word, strlen(word), false) ? unit.id : 0;
}

size_t math_symbol(struct math_token *token, const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof SYMBOLS / sizeof *SYMBOLS; i++) {
        size_t n = strlen(SYMBOLS[i].name);
        if (n > len || memcmp(SYMBOLS[i].name, text, n) != 0)
            continue;
        token->kind = SYMBOLS[i].kind;
        token->id = SYMBOLS[i].id;
        return n;
    }
    for (size_t i = 0; i < sizeof CURRENCIES / sizeof *CURRENCIES; i++)
        if (len >= strlen(CURRENCIES[i][0]) &&
            memcmp(text, CURRENCIES[i][0], strlen(CURRENCIES[i][0])) == 0) {
            token->kind = MATH_T_CURRENCY;
            token->id = math_currency(CURRENCIES[i][1]);
            return strlen(CURRENCIES[i][0]);
        }
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (len >= strlen(NAMES[i][0]) &&
            memcmp(text, NAMES[i][0], strlen(NAMES[i][0])) == 0) {
            token->kind = MATH_T_NAME;
            token->id = math_hash(0, NAMES[i][1], strlen(NAMES[i][1]));
            return strlen(NAMES[i][0]);
        }
    return 0;
}
