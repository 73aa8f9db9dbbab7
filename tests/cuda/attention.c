// Attention over packed trees on the device against the CPU's, forward and backward;
// and that tiles are what they claim to be.
#include "attention_device.h"

struct answer {
    float *O, *lse, *dO, *dQKV;
};

static struct answer cpu_answer(const struct attention_case *c, enum gpu_type type,
                                void **d_dO)
{
    size_t out = (size_t)c->n_tokens * case_out_width(c),
           all = (size_t)c->n_tokens * case_width(c);
    struct attention_train a = case_train(c);
    float *scratch = new_floats(attention_train_scratch(&a));
    struct answer r = {new_floats(out), new_floats((size_t)(c->n_tokens * c->h.heads)),
                       random_floats(out, c->seed + 1), new_floats(all)};
    *d_dO = device_array(type, r.dO, out);
    attention_forward(r.O, r.lse, c->QKV, &a, scratch);
    attention_backward(r.dQKV, r.dO, r.O, r.lse, c->QKV, &a, scratch);
    mem_free(scratch);
    return r;
}

static void answer_free(struct answer *r)
{
    mem_free(r->O);
    mem_free(r->lse);
    mem_free(r->dO);
    mem_free(r->dQKV);
}

static void attend(enum gpu_type type, const struct device_case *d, int fast, void *O,
                   float *lse)
{
    if (fast) {
        const struct gpu_flash f = {d->QKV, d->kv.stride, d->kv,  NULL, d->ends,
                                    0,      d->M,         d->rows};
        gpu_attention_flash(device, O, lse, &f, &d->heads, d->M);
    } else {
        gpu_attention_plain(device, type, O, lse, d->QKV, d->kv.stride, &d->kv,
                            &d->paths, &d->heads, d->M);
    }
}

// Returns how many shares there were more than tiles of keys.
static int agree(enum gpu_type type, struct heads h, struct tree_size size,
                 uint64_t seed, int fast)
{
    struct attention_case *c = case_new(h, size, seed);
    struct device_case d = device_case_new(c, type);
    size_t out = (size_t)c->n_tokens * case_out_width(c),
           all = (size_t)c->n_tokens * case_width(c);
    size_t units = (size_t)(c->n_tokens * h.heads);
    void *d_dO, *O = device_new(out * 4), *dQKV = device_new(all * 4);
    float *lse = device_new(units * 4), *delta = device_new(units * 4);
    struct answer want = cpu_answer(c, type, &d_dO);
    assert_int_equal(gpu_attention_is_fast(type, &d.heads) || !fast, 1);
    attend(type, &d, fast, O, lse);
    assert_device(type, "attention", O, want.O, out);
    assert_device(type, "log-sum-exp", lse, want.lse, type == GPU_F32 ? units : 0);
    const struct gpu_attention_grad grad = {dQKV, d_dO, O, lse, d.QKV, delta, d.ends};
    if (fast)
        gpu_attention_flash_backward(device, &grad, &d.rows, &d.keys, &d.shares,
                                     &d.heads, d.M);
    else
        gpu_attention_plain_backward(device, type, &grad, &d.paths, &d.heads, d.M);
    assert_device(type, "attention's gradient", dQKV, want.dQKV, all);
    answer_free(&want);
    case_free(c);
    return d.shares.n - tiles_count(d.M);
}

static void plain_agrees(void **state)
{
    const struct heads shapes[] = {{2, 1, 8}, {3, 3, 32}, {4, 2, 40}, {6, 2, 64}};
    for (int i = 0; i < 4; i++)
        for (int t = 0; t < 2; t++) {
            (void)agree(both_types[t], shapes[i], (struct tree_size){2, 2, 3, 20, 0},
                        (uint64_t)i, 0);
            (void)device_clear(state);
            (void)agree(both_types[t], shapes[i], (struct tree_size){4, 1, 2, 9, 21},
                        (uint64_t)(50 + i), 0);
            (void)device_clear(state);
        }
}

static void fast_agrees(void **state)
{
    const struct heads shapes[] = {{2, 1, 64}, {2, 2, 80}, {3, 1, 96}, {2, 1, 128}};
    for (int i = 0; i < 4; i++) {
        (void)agree(GPU_BF16, shapes[i], (struct tree_size){2, 2, 3, 40, 0},
                    (uint64_t)(10 + i), 1);
        (void)device_clear(state);
    }
    // One token; one tile exactly; long nodes with whole tiles below the diagonal.
    (void)agree(GPU_BF16, shapes[0], (struct tree_size){1, 0, 1, 1, 0}, 20, 1);
    assert_true(agree(GPU_BF16, shapes[0], (struct tree_size){1, 2, 2, 300, 0}, 21, 1) >
                0);
    (void)device_clear(state);
    // Heads of a group that do not come in pairs, and lists that are cut.
    assert_true(agree(GPU_BF16, (struct heads){3, 1, 128},
                      (struct tree_size){1, 2, 2, 300, 0}, 27, 1) > 0);
    (void)device_clear(state);
    // Trees below a common root.
    (void)agree(GPU_BF16, shapes[0], (struct tree_size){6, 1, 3, 40, 70}, 41, 1);
    (void)device_clear(state);
    // Rows that fill no, one, and just more than one tile.
    for (uint64_t seed = 25; seed < 40; seed += 2) {
        (void)agree(GPU_BF16, (struct heads){4, 2, 64},
                    (struct tree_size){1, 0, 1, 130, 0}, seed, 1);
        (void)device_clear(state);
    }
}

// Shares hold every item once, tile by tile, and number the parts of lists that are
// cut.
static void shares_hold_every_item(void **state)
{
    (void)state;
    enum { TILES = 40 };
    struct tile_share shares[2 * TILES * TILES];
    int32_t first[TILES + 1], part_first[TILES + 1];
    for (int wanted = 1; wanted < 2000; wanted = wanted * 3 + 1) {
        int n = 0, parts = 0, cut = 0;
        first[0] = 0;
        for (int t = 0; t < TILES;
             t++) // as of one chain: the root's keys are seen by all
            first[t + 1] = first[t] + TILES - t;
        int made = tiles_share(shares, part_first, first, TILES, wanted);
        assert_true(made <= tiles_shares_most(TILES * TILE, wanted));
        for (int t = 0; t < TILES; t++) {
            int pieces = 0, at = first[t];
            assert_int_equal(part_first[t], parts);
            for (; n < made && shares[n].tile == t; n++, pieces++) {
                assert_int_equal(shares[n].begin, at);
                assert_true(shares[n].end > at);
                at = shares[n].end;
                parts += shares[n].part >= 0;
                assert_int_equal(shares[n].part, shares[n].part < 0 ? -1 : parts - 1);
            }
            assert_int_equal(at, first[t + 1]);
            assert_int_equal(pieces > 1, part_first[t + 1] > part_first[t]);
            cut += pieces > 1;
        }
        assert_int_equal(n, made);
        assert_int_equal(parts, part_first[TILES]);
        assert_true(parts <= tiles_parts_most(TILES * TILE, wanted));
        assert_int_equal(cut > 0, wanted > TILES / 2);
    }
}

// Every pair by the definition: i sees j where j is on i's path.
static void tiles_hold_what_is_seen(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct attention_case *c = case_new(
            (struct heads){1, 1, 8}, (struct tree_size){3, 3, 3, 50, 0}, 100 + seed);
        int M = c->n_tokens, tiles = tiles_count(M);
        int32_t *ends = test_new((size_t)M, 4), *first = test_new((size_t)tiles + 1, 4);
        int32_t *items = test_new(tiles_most(M, M), 4),
                *met = test_new((size_t)(tiles * tiles), 4);
        int *seen = test_new((size_t)(tiles * tiles), sizeof *seen);
        tiles_ends(ends, c->spans, c->n_spans, M);
        for (int i = 0; i < M; i++)
            for (int32_t j = i; j >= 0; j = c->before[j]) {
                assert_true(ends[j] > i);
                seen[i / TILE * tiles + j / TILE]++;
            }
        for (int j = 0; j < M; j++) // and nobody else sees j
            for (int i = j; i < M && ends[j] > i; i++) {
                int32_t up = i;
                while (up > j)
                    up = c->before[up];
                assert_int_equal(up, j);
            }
        for (int transposed = 0; transposed < 2; transposed++) {
            memset(met, 0, (size_t)(tiles * tiles) * sizeof *met);
            (void)tiles_list(first, items, ends, M, 0, M, transposed);
            for (int t = 0; t < tiles; t++)
                for (int k = first[t]; k < first[t + 1]; k++) {
                    int at = transposed ? items[k] / 2 * tiles + t
                                        : t * tiles + items[k] / 2;
                    met[at] = 1;
                    int rows =
                        (at / tiles + 1) * TILE <= M ? TILE : M - at / tiles * TILE;
                    if (items[k] % 2 == 0)
                        assert_int_equal(seen[at], rows * TILE);
                }
            for (int at = 0; at < tiles * tiles; at++)
                assert_int_equal(met[at], seen[at] > 0);
        }
        mem_free(ends);
        mem_free(first);
        mem_free(items);
        mem_free(met);
        mem_free(seen);
        case_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_hold_what_is_seen),
        cmocka_unit_test(shares_hold_every_item),
        cmocka_unit_test_teardown(plain_agrees, device_clear),
        cmocka_unit_test_teardown(fast_agrees, device_clear),
    };
    return cmocka_run_group_tests(tests, device_setup, device_teardown);
}
