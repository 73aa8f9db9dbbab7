// Equality of answers as trees: lists, tuples, intervals, matrices, relations, words.
// Pure, any thread.
#ifndef VERIFY_MATH_COMPARE_H
#define VERIFY_MATH_COMPARE_H

#include "math_same.h"

bool math_compare(struct math_work *work, struct math_side a, struct math_side b);

// For its parts ----------------------------------------------------------------------
// One of the sides is a chain of relations.
bool math_compare_chain(struct math_work *work, struct math_side a, struct math_side b);
// x \in S against S or x \in T, D = [0,1) against a set: the sets themselves.  false:
// not of this kind, and unchanged.
bool math_unwrap(struct math_side *a, struct math_side *b);
// One side is a tuple, or says what a tuple of names is, and the other gives the value
// of each name: (1,2), or (x,y) = (1,2), and x = 1, y = 2.
bool math_is_coordinates(struct math_work *work, struct math_side a,
                         struct math_side b);
bool math_compare_coordinates(struct math_work *work, struct math_side a,
                              struct math_side b);
const struct math_node *math_node_of(struct math_side side);
// The same side at another node of its tree.
struct math_side math_at(struct math_side side, int node);
// +1, -1: infinity with that sign; 0: another value.
int math_infinite(struct math_side side);

#endif
