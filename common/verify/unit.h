// The closed table of units: what may stand behind a value without changing it, and
// which words are factors.  Pure, any thread.
#ifndef VERIFY_UNIT_H
#define VERIFY_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unit_kind {
    UNIT_MEASURE, // cm, hours, dollars: `id`, the same for all of its spellings
    UNIT_COUNT,   // people, ways: what is counted; nothing follows from the word
    UNIT_SQUARE,  // of the next unit
    UNIT_CUBIC,
    UNIT_SQUARED, // of the one before
    UNIT_CUBED,
    UNIT_PER,
    UNIT_FACTOR // million, dozen, thirds: factor / divisor
};

struct unit {
    enum unit_kind kind;
    uint64_t id;
    const char *factor, *divisor; // digits; NULL: 1
};

// Looks a word up, in the singular or the plural; letters count in any case where the
// word has more than three of them.  `prefixed`: a currency stands before the number,
// so that k, M and B are thousands, millions and billions.
bool unit_find(struct unit *out, const char *word, size_t len, bool prefixed);

#endif
