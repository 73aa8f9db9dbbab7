// The syntax tree of an answer, in one array of bounded size and depth.
//
// The nodes point into the text, which must outlive them.  Pure, any thread.
#ifndef VERIFY_MATH_TREE_H
#define VERIFY_MATH_TREE_H

#include "math_token.h"

enum { MATH_MAX_NODES = 4096, MATH_MAX_DEPTH = 100, MATH_MAX_MATRICES = 16 };

enum math_kind {
    MATH_NUMBER,  // text at, len; a child: the digits that repeat behind it
    MATH_NAME,    // a variable or a constant: id
    MATH_TEXT,    // words: id of all in lower case, at and len of the first
    MATH_IN_BASE, // 204_5: id of digits and base
    MATH_INFINITY,
    MATH_SUM,     // children
    MATH_PRODUCT, // children, those under a fraction bar as MATH_INVERSE
    MATH_NEGATIVE,
    MATH_INVERSE,
    MATH_POW,    // base, exponent
    MATH_ROOT,   // index, radicand
    MATH_CALL,   // function id of its children
    MATH_LOG,    // base, argument
    MATH_SERIES, // the body, its index, the bounds; `open`: + or *
    MATH_ABSOLUTE,
    MATH_FACTORIAL,
    MATH_CHOOSE, // n, k
    MATH_PERCENT,
    MATH_DEGREES,
    MATH_PLUS_MINUS, // the child times +1 and -1; id 1: \mp, -1 and +1
    MATH_UNIT,       // child with a unit: its id; `text`: at, len is a word that is
                     // no unit
    MATH_TUPLE,      // children between `open` and `close`; one alone is no tuple
    MATH_SET,
    MATH_BUILDER, // \{x \mid ...\}: x, the condition and, maybe, where x is taken from
    MATH_NAMED,   // a set of numbers: R Z Q N C in id; more bits: only in bold
    MATH_LIST,    // id: enum math_joined
    MATH_UNION,   // children joined by the operator `id`
    MATH_MATRIX,  // rows * columns children, `columns` in id
    MATH_REFERENCE, // the value of the node `id`
    MATH_CHAIN      // children joined by relations: `relation` stands before a child
};

enum { MATH_NAMED_LETTER = 0xff };
enum math_joined { MATH_BY_COMMA, MATH_OR, MATH_AND };

struct math_node {
    enum math_kind kind;
    char open, close;  // tuple
    bool text;         // a word from \text{}
    uint64_t relation; // before this child of a chain
    uint64_t id;
    int child, next; // first child, next sibling; -1: none
    int last;        // child
    int children;
    const char *at;
    size_t len;
};

struct math_tree {
    int root;
    int count;
    struct math_node nodes[MATH_MAX_NODES];
};

// Parses all of the text; false: not in this language, too long or too deep, or no
// memory.
bool math_parse(struct math_tree *tree, const char *text, size_t len);

// For the parser's parts -------------------------------------------------------------
struct math_parser {
    struct math_tree *tree;
    struct math_token *tokens; // the parser splits numbers: \frac15
    size_t at;
    int depth;
    int bars;          // open |
    int matrices;      // products of matrices so far
    uint64_t currency; // the element has a \$ or the like: its unit's id
    bool failed;
};

struct math_token *math_peek(struct math_parser *p);
bool math_accept(struct math_parser *p, enum math_token_kind kind);
bool math_expect(struct math_parser *p, enum math_token_kind kind);
int math_fail(struct math_parser *p);
// A new node with up to two children (-1: none); -1 where there is no room.
int math_node(struct math_parser *p, enum math_kind kind, int first, int second);
void math_append(struct math_parser *p, int parent, int child);

int math_parse_list(struct math_parser *p);            // elements and separators
int math_parse_unit(struct math_parser *p, int value); // what stands behind a value
// A letter stands here that is a unit without any markup.
bool math_bare_unit(const struct math_parser *p);
int math_parse_sum(struct math_parser *p);     // without relations
int math_parse_product(struct math_parser *p); // of a sum
int math_parse_factor(struct math_parser *p);  // with sign, powers, postfixes
int math_parse_atom(struct math_parser *p);
int math_parse_postfix(struct math_parser *p, int node); // ! % and degrees
// Of \frac, ^, \sqrt: a group or one token; `one_digit`: of a number, its first digit.
int math_parse_argument(struct math_parser *p, bool one_digit);
int math_parse_call(struct math_parser *p);
int math_parse_name(struct math_parser *p);
int math_parse_number(struct math_parser *p);
int math_parse_in_base(struct math_parser *p, int node);
int math_parse_words(struct math_parser *p);
int math_parse_braces(struct math_parser *p, enum math_token_kind close, bool set);
int math_parse_accented(struct math_parser *p); // \vec{a}, \mathbb{R}
int math_parse_named_set(struct math_parser *p);
int math_parse_empty(struct math_parser *p);
// The id of a name with its subscripts and primes.
uint64_t math_parse_suffix(struct math_parser *p, uint64_t id);
int math_parse_matrix(struct math_parser *p);
int math_determinant(struct math_parser *p, int matrix);
// The product where one is a matrix; -1: none is, or they do not fit.
int math_times_matrix(struct math_parser *p, int a, int b);
// A group's or a token's text as a number, spacing apart.
uint64_t math_raw(struct math_parser *p);
// What juxtaposition multiplies; `calls`: functions too.
bool math_stands_modulus(const struct math_parser *p);
bool math_starts_factor(struct math_parser *p, bool calls);

#endif
