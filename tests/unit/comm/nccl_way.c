// Which way the weights travel, and the line that says why.
#include "comm/nccl_way.h"

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { RANKS = 4, VERSION = 22809 };

static int decisions;

// Four ranks on one host, each with its own GPU.
static void ranks_of(struct nccl_rank ranks[RANKS])
{
    for (int r = 0; r < RANKS; r++) {
        ranks[r] =
            (struct nccl_rank){.host = 7, .has_gpu = true, .nccl_version = VERSION};
        memset(ranks[r].gpu, 0xa0 + r, sizeof ranks[r].gpu);
    }
}

static void expect(const struct nccl_rank *ranks, int n, enum weights_wish wish,
                   enum weights_way way, const char *reason)
{
    struct weights_choice choice;
    decisions++;
    if (weights_choose(&choice, ranks, n, wish) != OK)
        fail_msg("%s", status_message());
    assert_string_equal(choice.reason, reason);
    assert_int_equal(choice.way, way);
}

// With auto: by MPI, as `why` says; with nccl: ERR_INPUT that says so.
static void expect_hindered(const struct nccl_rank *ranks, const char *why)
{
    char line[200];
    (void)snprintf(line, sizeof line, "host-staged MPI: %s", why);
    expect(ranks, RANKS, WEIGHTS_AUTO, WEIGHTS_BY_MPI, line);
    struct weights_choice choice = {.way = WEIGHTS_BY_MPI, .reason = "untouched"};
    decisions++;
    assert_int_equal(weights_choose(&choice, ranks, RANKS, WEIGHTS_WISH_NCCL),
                     ERR_INPUT);
    (void)snprintf(line, sizeof line, "weights by NCCL: %s", why);
    assert_string_equal(status_message(), line);
    assert_string_equal(choice.reason, "untouched");
    expect(ranks, RANKS, WEIGHTS_WISH_MPI, WEIGHTS_BY_MPI,
           "host-staged MPI: as configured");
}

static void test_nccl(void **state)
{
    (void)state;
    struct nccl_rank ranks[RANKS];
    ranks_of(ranks);
    const char *line = "NCCL 2.28.9: 4 ranks, each with its own GPU";
    expect(ranks, RANKS, WEIGHTS_AUTO, WEIGHTS_BY_NCCL, line);
    expect(ranks, RANKS, WEIGHTS_WISH_NCCL, WEIGHTS_BY_NCCL, line);
    expect(ranks, RANKS, WEIGHTS_WISH_MPI, WEIGHTS_BY_MPI,
           "host-staged MPI: as configured");
    ranks[1].host = ranks[3].host = 8;
    expect(ranks, RANKS, WEIGHTS_AUTO, WEIGHTS_BY_NCCL,
           "NCCL 2.28.9: 4 ranks on 2 hosts, each with its own GPU");
    expect(ranks, 2, WEIGHTS_AUTO, WEIGHTS_BY_NCCL,
           "NCCL 2.28.9: 2 ranks on 2 hosts, each with its own GPU");
}

static void test_one_process(void **state)
{
    (void)state;
    struct nccl_rank ranks[RANKS];
    ranks_of(ranks);
    for (int n = 0; n < 2; n++) {
        expect(ranks, n, WEIGHTS_AUTO, WEIGHTS_BY_MPI, "host-staged MPI: one process");
        expect(ranks, n, WEIGHTS_WISH_NCCL, WEIGHTS_BY_MPI,
               "host-staged MPI: one process");
    }
}

static void test_hindered(void **state)
{
    (void)state;
    struct nccl_rank ranks[RANKS];
    ranks_of(ranks);
    ranks[2].has_gpu = false;
    expect_hindered(ranks, "rank 2 has no GPU");
    ranks_of(ranks);
    memset(ranks[3].gpu, 0, sizeof ranks[3].gpu);
    expect_hindered(ranks, "the GPU of rank 3 has no UUID");
    ranks_of(ranks);
    ranks[0].nccl_version = 0;
    expect_hindered(ranks, "rank 0 has no NCCL library");
    ranks_of(ranks);
    ranks[2].nccl_version = 22703;
    expect_hindered(ranks,
                    "versions of NCCL differ: rank 0 has 2.28.9, rank 2 has 2.27.3");
    for (int r = 0; r < RANKS; r++)
        ranks[r].nccl_version = 22605;
    expect_hindered(ranks, "NCCL 2.26.5 is older than 2.27");
}

// Under whatever host's name: containers have their own.
static void test_shared_gpu(void **state)
{
    (void)state;
    struct nccl_rank ranks[RANKS];
    for (uint64_t host = 7; host < 9; host++) {
        ranks_of(ranks);
        ranks[3].host = host;
        memcpy(ranks[3].gpu, ranks[1].gpu, sizeof ranks[3].gpu);
        ranks[3].gpu[15] = ranks[1].gpu[15] = 0x0b;
        expect_hindered(ranks,
                        "ranks 1 and 3 share GPU a1a1a1a1a1a1a1a1a1a1a1a1a1a1a10b");
    }
}

static void test_figures(void **state)
{
    (void)state;
    printf("way: %d decisions, each with its line\n", decisions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nccl),     cmocka_unit_test(test_one_process),
        cmocka_unit_test(test_hindered), cmocka_unit_test(test_shared_gpu),
        cmocka_unit_test(test_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
