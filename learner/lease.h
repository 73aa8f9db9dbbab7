// The lease table of one batch: which part of which prompt's tree is whose, until when.
// Lease ids number the tasks of a learner's life, so a result under a given id is the
// same whoever computed it.  Private to the layer; one thread; a zeroed table is empty.
#ifndef LEARNER_LEASE_H
#define LEARNER_LEASE_H

#include "base/status.h"
#include "proto/message.h"
#include "tree/tree.h"

#include <stddef.h>
#include <stdint.h>

enum lease_state { LEASE_PENDING, LEASE_GIVEN, LEASE_DONE };

#define LEASE_HELD (-1) // of lease.missing_since_ms

struct lease {
    uint64_t id;
    size_t prompt; // index into the batch
    int32_t first_child, child_count;
    enum lease_state state;
    int rank; // LEASE_GIVEN: the holder
    int64_t deadline_ms;
    int64_t missing_since_ms; // the holder's heartbeats do not name it; or LEASE_HELD
    int fault_rank;           // that could not do it; -1: none
    struct tree tree;         // LEASE_DONE, until the prompt's parts are joined
};

// One prompt of the batch: its leases are adjacent in the table.
struct prompt_slot {
    struct msg_task task; // owned; lease and children are of no lease in particular
    size_t first_lease, n_leases, n_done;
    struct tree tree; // complete where n_done == n_leases
};

struct lease_table {
    struct prompt_slot *prompts;
    size_t n_prompts, n_complete;
    struct lease *items;
    size_t n, capacity;
    uint64_t next_id; // kept over batches
};

void lease_table_free(struct lease_table *t);
// A new batch of copied tasks, each prompt in at most `parts` parts.  The old batch is
// forgotten; ids go on.  ERR_INPUT: a task without children; ERR_NOMEM.
CHECKED enum status lease_table_begin(struct lease_table *t,
                                      const struct msg_task *tasks, size_t n,
                                      int32_t parts);
struct lease *lease_find(struct lease_table *t, uint64_t id); // NULL: not of this batch

// What a TASK for this lease says; prompt and answer are borrowed.
struct msg_task lease_task(const struct lease_table *t, const struct lease *l,
                           int64_t lease_ms);

// Takes `tree` over on OK: the lease is done, and the last part of a prompt joins them.
CHECKED enum status lease_done(struct lease_table *t, struct lease *l,
                               struct tree *tree);

// Is this tree what the lease asked for?  Structure, prompt, branching, lengths and
// rewards, all held against the task.  ERR_PROTOCOL says what is wrong; ERR_NOMEM.
CHECKED enum status lease_check_tree(const struct lease_table *t, const struct lease *l,
                                     const struct tree *tree, int32_t vocab);

#endif
