#include "pack.h"

#include "base/mem.h"
#include "tensor/ops.h"

#include <string.h>

enum { MAX_ROWS = 1 << 28 };

// Sizes of a pack before it is filled.
struct pack_size {
    size_t rows, spans, outputs;
};

void pack_free(struct pack *p)
{
    mem_free(p->tokens);
    mem_free(p->positions);
    mem_free(p->spans);
    mem_free(p->row);
    mem_free(p->target);
    *p = (struct pack){0};
}

static enum status allocate(struct pack *p, struct pack_origin **origins,
                            const struct pack_size *size)
{
    if (size->rows > MAX_ROWS || size->outputs > MAX_ROWS)
        return status_fail(ERR_LIMIT, "pack of %zu rows and %zu outputs", size->rows,
                           size->outputs);
    TRY(mem_new(&p->tokens, size->rows, sizeof *p->tokens));
    TRY(mem_new(&p->positions, size->rows, sizeof *p->positions));
    TRY(mem_new(&p->spans, size->spans, sizeof *p->spans));
    TRY(mem_new(&p->row, size->outputs, sizeof *p->row));
    TRY(mem_new(&p->target, size->outputs, sizeof *p->target));
    return mem_new(origins, size->outputs, sizeof **origins);
}

// Appends a span that holds a stretch of a tree's tokens.
static int32_t put_span(struct pack *p, const int32_t *tokens, int32_t count,
                        int32_t parent)
{
    const struct attention_span *up = parent >= 0 ? &p->spans[parent] : NULL;
    struct attention_span span = {
        .begin = p->n_tokens,
        .count = count,
        .parent = parent,
        .start = up ? up->start + up->count : 0,
    };
    memcpy(p->tokens + p->n_tokens, tokens, (size_t)count * sizeof *tokens);
    for (int32_t i = 0; i < count; i++)
        p->positions[p->n_tokens + i] = span.start + i;
    p->n_tokens += count;
    if (span.start + count > p->max_context)
        p->max_context = span.start + count;
    p->spans[p->n_spans] = span;
    return p->n_spans++;
}

static void put_output(struct pack *p, struct pack_origin *origins, int32_t at,
                       int32_t row, int32_t target, struct pack_origin origin)
{
    p->row[at] = row;
    p->target[at] = target;
    origins[at] = origin;
}

// ---- what prompts have in common

int32_t pack_alike(const struct tree *a, const struct tree *b, int32_t most)
{
    int32_t own_a = a->nodes[0].token_count - 1, own_b = b->nodes[0].token_count - 1;
    int32_t i = 0;
    most = own_a < most ? own_a : most;
    most = own_b < most ? own_b : most;
    while (i < most && a->tokens[i] == b->tokens[i])
        i++;
    return i;
}

int32_t pack_common(struct tree *const *trees, size_t n)
{
    int32_t common = n > 1 ? trees[0]->nodes[0].token_count : 0;
    for (size_t i = 1; i < n; i++)
        common = pack_alike(trees[0], trees[i], common);
    return common;
}

// ---- parts of trees

// The node above the first of a part: the root where the part has none.
static int32_t above(const struct pack_part *part)
{
    return part->begin < part->end ? part->tree->nodes[part->begin].parent : 0;
}

static void count_part(const struct pack_part *part, struct pack_size *size)
{
    const struct tree_node *nodes = part->tree->nodes;
    for (int32_t i = above(part); i >= 0; i = nodes[i].parent) {
        size->rows += (size_t)nodes[i].token_count;
        size->spans++;
    }
    for (int32_t i = part->begin; i < part->end; i++) {
        size->rows += (size_t)nodes[i].token_count;
        size->outputs += (size_t)nodes[i].token_count;
        size->spans++;
    }
}

struct pack_part pack_next_part(const struct tree *t, int32_t begin, size_t most)
{
    struct pack_part part = {t, begin, begin + 1};
    struct pack_size size = {0};
    count_part(&part, &size);
    while (part.end < (int32_t)t->n_nodes) {
        size.rows += (size_t)t->nodes[part.end].token_count;
        if (size.rows > most)
            break;
        part.end++;
    }
    return part;
}

// What is known of a tree's nodes while one of its parts is packed.
struct packed_node {
    int32_t span;
    int32_t children; // within the part
    int32_t next;     // where the prediction of the next child's first token goes
};

// A root comes below the common one, if there is one: the pack's first span.
static void pack_node(struct pack *p, const struct tree *t, struct packed_node *known,
                      int32_t node, int32_t common)
{
    const struct tree_node *n = &t->nodes[node];
    int32_t skip = n->parent < 0 ? common : 0;
    int32_t above = skip > 0 ? 0 : -1;
    known[node].span =
        put_span(p, t->tokens + n->token_begin + skip, n->token_count - skip,
                 n->parent < 0 ? above : known[n->parent].span);
}

static void leave_room(struct pack *p, struct packed_node *n)
{
    n->next = p->n_outputs;
    p->n_outputs += n->children;
}

// The part's ancestors, the root first.
static void pack_above(struct pack *p, const struct pack_part *part,
                       struct packed_node *known, int32_t node, int32_t common)
{
    if (node < 0)
        return;
    pack_above(p, part, known, part->tree->nodes[node].parent, common);
    pack_node(p, part->tree, known, node, common);
    leave_room(p, &known[node]);
}

static void pack_own(struct pack *p, struct pack_origin *origins,
                     const struct pack_part *part, struct packed_node *known,
                     int32_t node, int32_t number)
{
    const struct tree *t = part->tree;
    const struct tree_node *n = &t->nodes[node];
    int32_t row = p->n_tokens;
    pack_node(p, t, known, node, 0);
    for (int32_t k = 1; k < n->token_count; k++) {
        struct pack_origin origin = {number, n->token_begin + k};
        put_output(p, origins, p->n_outputs++, row + k - 1, t->tokens[origin.token],
                   origin);
    }
    leave_room(p, &known[node]);
    const struct attention_span *up = &p->spans[known[n->parent].span];
    put_output(p, origins, known[n->parent].next++, up->begin + up->count - 1,
               t->tokens[n->token_begin], (struct pack_origin){number, n->token_begin});
}

static enum status pack_one(struct pack *p, struct pack_origin *origins,
                            const struct pack_part *part, int32_t number,
                            int32_t common)
{
    struct packed_node *known = NULL;
    const struct tree *t = part->tree;
    TRY(mem_new(&known, t->n_nodes, sizeof *known));
    for (int32_t i = part->begin; i < part->end; i++)
        known[t->nodes[i].parent].children++;
    pack_above(p, part, known, above(part), common);
    for (int32_t i = part->begin; i < part->end; i++)
        pack_own(p, origins, part, known, i, number);
    mem_free(known);
    return OK;
}

// ---- flattened paths

static void count_paths(const struct pack_part *whole, struct pack_size *size)
{
    const struct tree *t = whole->tree;
    for (size_t i = 0; i < t->n_nodes; i++) {
        if (!tree_is_leaf(&t->nodes[i]))
            continue;
        size_t length = tree_path_length(t, (int32_t)i);
        size->rows += length;
        size->spans++;
        size->outputs += length - (size_t)t->nodes[0].token_count;
    }
}

// The outputs of one path, from the leaf back to the root: rows end behind `end`.
static void put_path_outputs(struct pack *p, struct pack_origin *origins,
                             const struct tree *t, int32_t leaf, int32_t number)
{
    int32_t row = p->n_tokens, last = p->n_outputs;
    last += (int32_t)tree_path_length(t, leaf) - t->nodes[0].token_count;
    p->n_outputs = last;
    for (int32_t node = leaf; node > 0; node = t->nodes[node].parent) {
        const struct tree_node *n = &t->nodes[node];
        for (int32_t k = n->token_count; k-- > 0;) {
            int32_t token = n->token_begin + k;
            row--;
            put_output(p, origins, --last, row - 1, t->tokens[token],
                       (struct pack_origin){number, token});
        }
    }
}

static enum status flatten_one(struct pack *p, struct pack_origin *origins,
                               const struct pack_part *whole, int32_t number,
                               int32_t common)
{
    (void)common; // a path is laid out whole
    const struct tree *t = whole->tree;
    int32_t *path = NULL;
    TRY(mem_new(&path, t->n_tokens, sizeof *path));
    for (size_t i = 0; i < t->n_nodes; i++) {
        if (!tree_is_leaf(&t->nodes[i]))
            continue;
        tree_path_tokens(t, (int32_t)i, path);
        (void)put_span(p, path, (int32_t)tree_path_length(t, (int32_t)i), -1);
        put_path_outputs(p, origins, t, (int32_t)i, number);
    }
    mem_free(path);
    return OK;
}

// ---- the two ways

struct way {
    void (*count)(const struct pack_part *part, struct pack_size *size);
    enum status (*fill)(struct pack *p, struct pack_origin *origins,
                        const struct pack_part *part, int32_t number, int32_t common);
};

static enum status pack_by(const struct way *way, struct pack *out,
                           struct pack_origin **origins, const struct pack_part *parts,
                           size_t n, int32_t common)
{
    struct pack p = {0};
    struct pack_size size = {0};
    struct pack_origin *from = NULL;
    enum status st;
    for (size_t i = 0; i < n; i++)
        way->count(&parts[i], &size);
    if (common > 0) {
        size.rows -= (n - 1) * (size_t)common;
        size.spans++;
    }
    TRY_OUT(allocate(&p, &from, &size));
    if (common > 0)
        (void)put_span(&p, parts->tree->tokens, common, -1);
    for (size_t i = 0; i < n; i++)
        TRY_OUT(way->fill(&p, from, &parts[i], (int32_t)i, common));
    *out = p;
    *origins = from;
    return OK;
out:
    pack_free(&p);
    mem_free(from);
    return st;
}

static const struct way unique = {count_part, pack_one};
static const struct way flattened = {count_paths, flatten_one};

static enum status pack_all(const struct way *way, struct pack *out,
                            struct pack_origin **origins, struct tree *const *trees,
                            size_t n, int32_t common)
{
    struct pack_part *parts = NULL;
    TRY(mem_new(&parts, n, sizeof *parts));
    for (size_t i = 0; i < n; i++)
        parts[i] = pack_whole(trees[i]);
    enum status st = pack_by(way, out, origins, parts, n, common);
    mem_free(parts);
    return st;
}

enum status pack_parts(struct pack *out, struct pack_origin **origins,
                       const struct pack_part *parts, size_t n, int32_t common)
{
    return pack_by(&unique, out, origins, parts, n, common);
}

enum status pack_trees(struct pack *out, struct pack_origin **origins,
                       struct tree *const *trees, size_t n, int32_t common)
{
    return pack_all(&unique, out, origins, trees, n, common);
}

enum status pack_flattened(struct pack *out, struct pack_origin **origins,
                           struct tree *const *trees, size_t n)
{
    return pack_all(&flattened, out, origins, trees, n, 0);
}
