// RESULT: the one message that carries a tree.  Private to proto.
#ifndef PROTO_DECODE_RESULT_H
#define PROTO_DECODE_RESULT_H

#include "fields.h"
#include "message.h"

// Memory-safe for any bytes; the tree's laws are tree_check's to judge.  On failure the
// tree may be half-built: the caller frees it.
CHECKED enum status decode_result(const struct fields *f, struct msg_result *out);

#endif
