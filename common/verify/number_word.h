// Words that are numbers or change the number before them.  Pure, any thread.
#ifndef VERIFY_NUMBER_WORD_H
#define VERIFY_NUMBER_WORD_H

#include <stdbool.h>
#include <stddef.h>

// million, dozen, thirds, k, twelve: a number itself.  A closed list; the word's case
// counts only where it is one letter (5 m are metres, 5 M are millions).
bool number_word_scales(const char *word, size_t len);
// These, one letter that is no unit's (5 x), and or, minus, squared, more: "5 WORD" is
// not 5.
bool number_word_changes(const char *word, size_t len);

#endif
