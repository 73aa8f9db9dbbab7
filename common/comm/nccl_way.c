#include "comm/nccl_way.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 40 };

static const char *version_name(char out[NAME_BYTES], int version)
{
    (void)snprintf(out, NAME_BYTES, "%d.%d.%d", version / 10000, version / 100 % 100,
                   version % 100);
    return out;
}

static const char *gpu_name(char out[NAME_BYTES], const uint8_t gpu[16])
{
    for (size_t i = 0; i < 16; i++)
        (void)snprintf(out + 2 * i, NAME_BYTES - 2 * i, "%02x", gpu[i]);
    return out;
}

// What a rank lacks by itself; false: nothing.
static bool lacks(char *why, size_t room, const struct nccl_rank *ranks, int r)
{
    static const uint8_t unknown[16];
    char mine[NAME_BYTES], first[NAME_BYTES];
    int version = ranks[r].nccl_version;
    if (!ranks[r].has_gpu)
        (void)snprintf(why, room, "rank %d has no GPU", r);
    else if (memcmp(ranks[r].gpu, unknown, sizeof unknown) == 0)
        (void)snprintf(why, room, "the GPU of rank %d has no UUID", r);
    else if (version <= 0)
        (void)snprintf(why, room, "rank %d has no NCCL library", r);
    else if (version != ranks[0].nccl_version)
        (void)snprintf(
            why, room, "versions of NCCL differ: rank 0 has %s, rank %d has %s",
            version_name(first, ranks[0].nccl_version), r, version_name(mine, version));
    else if (version < NCCL_VERSION_NEEDED)
        (void)snprintf(why, room, "NCCL %s is older than 2.27",
                       version_name(mine, version));
    else
        return false;
    return true;
}

// Whether two ranks share a GPU.  A UUID is enough: two containers of one machine have
// hosts' names of their own.
static bool shares(char *why, size_t room, const struct nccl_rank *ranks, int r)
{
    char name[NAME_BYTES];
    for (int before = 0; before < r; before++)
        if (memcmp(ranks[before].gpu, ranks[r].gpu, sizeof ranks[r].gpu) == 0) {
            (void)snprintf(why, room, "ranks %d and %d share GPU %s", before, r,
                           gpu_name(name, ranks[r].gpu));
            return true;
        }
    return false;
}

static int count_hosts(const struct nccl_rank *ranks, int n)
{
    int hosts = 0;
    for (int r = 0; r < n; r++) {
        bool seen = false;
        for (int before = 0; before < r && !seen; before++)
            seen = ranks[before].host == ranks[r].host;
        hosts += !seen;
    }
    return hosts;
}

enum status weights_choose(struct weights_choice *out, const struct nccl_rank *ranks,
                           int n, enum weights_wish wish)
{
    char why[128], version[NAME_BYTES];
    bool hindered = true;
    if (wish == WEIGHTS_WISH_MPI) {
        (void)snprintf(why, sizeof why, "as configured");
    } else if (n < 2) {
        (void)snprintf(why, sizeof why, "one process");
    } else {
        hindered = false;
        for (int r = 0; r < n && !hindered; r++)
            hindered = lacks(why, sizeof why, ranks, r);
        for (int r = 0; r < n && !hindered; r++)
            hindered = shares(why, sizeof why, ranks, r);
    }
    if (hindered && wish == WEIGHTS_WISH_NCCL && n >= 2)
        return status_fail(ERR_INPUT, "weights by NCCL: %s", why);
    struct weights_choice choice = {.way = hindered ? WEIGHTS_BY_MPI : WEIGHTS_BY_NCCL};
    if (hindered) {
        (void)snprintf(choice.reason, sizeof choice.reason, "host-staged MPI: %s", why);
    } else {
        int hosts = count_hosts(ranks, n);
        char where[32] = "";
        if (hosts > 1)
            (void)snprintf(where, sizeof where, " on %d hosts", hosts);
        (void)snprintf(choice.reason, sizeof choice.reason,
                       "NCCL %s: %d ranks%s, each with its own GPU",
                       version_name(version, ranks[0].nccl_version), n, where);
    }
    *out = choice;
    return OK;
}
