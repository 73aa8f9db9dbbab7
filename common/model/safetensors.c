#include "safetensors.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/par.h"
#include "json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LENGTH_BYTES = 8, NAME_SHOWN = 200, WIDEN_BLOCK = 1 << 18 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are little-endian");

static size_t type_bytes(enum tensor_type type)
{
    return type == TENSOR_F64 ? 8 : type == TENSOR_F32 ? 4 : 2;
}

static enum tensor_type type_of(const char *text)
{
    static const struct {
        const char *text;
        enum tensor_type type;
    } known[] = {{"F32", TENSOR_F32},
                 {"F16", TENSOR_F16},
                 {"BF16", TENSOR_BF16},
                 {"F64", TENSOR_F64}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].text, text) == 0)
            return known[i].type;
    return TENSOR_OTHER;
}

static int parse_size(uint64_t *out, const json_t *value)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return 0;
    *out = (uint64_t)json_integer_value(value);
    return 1;
}

static enum status parse_shape(struct safetensor *t, const json_t *shape)
{
    size_t rank = json_array_size(shape);
    if (!json_is_array(shape) || rank > SAFETENSORS_MAX_RANK)
        return status_fail(ERR_INPUT, "shape is not a list of at most %d sizes",
                           SAFETENSORS_MAX_RANK);
    t->rank = (int)rank;
    t->count = 1;
    for (size_t i = 0; i < rank; i++) {
        if (!parse_size(&t->shape[i], json_array_get(shape, i)))
            return status_fail(ERR_INPUT, "shape holds what is not a size");
        if (__builtin_mul_overflow(t->count, t->shape[i], &t->count))
            return status_fail(ERR_INPUT, "shape is too large");
    }
    return OK;
}

static enum status parse_range(struct safetensor *t, const json_t *offsets,
                               size_t data_bytes)
{
    uint64_t begin, end;
    size_t bytes = 0;
    if (json_array_size(offsets) != 2 ||
        !parse_size(&begin, json_array_get(offsets, 0)) ||
        !parse_size(&end, json_array_get(offsets, 1)))
        return status_fail(ERR_INPUT, "data_offsets is not a pair of offsets");
    if (begin > end || end > data_bytes)
        return status_fail(
            ERR_INPUT, "data_offsets [%llu, %llu] leave the %zu data bytes",
            (unsigned long long)begin, (unsigned long long)end, data_bytes);
    if (t->type != TENSOR_OTHER &&
        (__builtin_mul_overflow(t->count, type_bytes(t->type), &bytes) ||
         bytes != end - begin))
        return status_fail(ERR_INPUT, "%llu bytes do not hold its %zu elements",
                           (unsigned long long)(end - begin), t->count);
    t->begin = begin;
    t->end = end;
    return OK;
}

static enum status parse_tensor(struct safetensor *t, const json_t *entry,
                                size_t data_bytes)
{
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!json_is_object(entry) || !type)
        return status_fail(ERR_INPUT, "not an object of dtype, shape and data_offsets");
    t->type = type_of(type);
    (void)snprintf(t->type_name, sizeof t->type_name, "%s", type);
    TRY(parse_shape(t, json_object_get(entry, "shape")));
    return parse_range(t, json_object_get(entry, "data_offsets"), data_bytes);
}

static int by_place(const void *a, const void *b)
{
    const struct safetensor *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

// The format demands that the tensors cover the data exactly once.
static enum status check_cover(const struct safetensors *s)
{
    size_t end = 0;
    for (size_t i = 0; i < s->n_tensors; i++) {
        const struct safetensor *t = &s->tensors[i];
        if (t->begin != end)
            return status_fail(ERR_INPUT, "tensor %.*s: data %s at byte %zu",
                               NAME_SHOWN, t->name,
                               t->begin < end ? "overlap" : "have a hole",
                               t->begin < end ? t->begin : end);
        end = t->end;
    }
    if (end != s->data_bytes)
        return status_fail(ERR_INPUT, "%zu bytes after the last tensor",
                           s->data_bytes - end);
    return OK;
}

static enum status parse_tensors(struct safetensors *s, json_t *header)
{
    const char *name;
    json_t *entry;
    TRY(mem_new(&s->tensors, json_object_size(header), sizeof *s->tensors));
    json_object_foreach(header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        struct safetensor *t = &s->tensors[s->n_tensors++];
        TRY(mem_strdup(&t->name, name));
        TRY(status_wrap(parse_tensor(t, entry, s->data_bytes), "tensor %.*s",
                        NAME_SHOWN, name));
    }
    qsort(s->tensors, s->n_tensors, sizeof *s->tensors, by_place);
    return check_cover(s);
}

static enum status parse_header(struct safetensors *s)
{
    uint64_t length = 0;
    if (s->map_bytes < LENGTH_BYTES)
        return status_fail(ERR_INPUT, "%zu bytes are too short", s->map_bytes);
    memcpy(&length, s->map, sizeof length);
    if (length > SAFETENSORS_MAX_HEADER || length > s->map_bytes - LENGTH_BYTES)
        return status_fail(ERR_INPUT, "a header of %llu bytes in a file of %zu",
                           (unsigned long long)length, s->map_bytes);
    const char *text = (const char *)s->map + LENGTH_BYTES;
    s->data = (const uint8_t *)text + length;
    s->data_bytes = s->map_bytes - LENGTH_BYTES - length;
    json_t *header = NULL;
    TRY(status_wrap(json_parse(&header, text, length), "header"));
    enum status st = json_is_object(header)
                         ? parse_tensors(s, header)
                         : status_fail(ERR_INPUT, "header: not an object");
    json_decref(header);
    return st;
}

static enum status map_file(struct safetensors *s, const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_fail(ERR_INPUT, "%s", strerror(errno));
    int failed = fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0;
    void *map = MAP_FAILED;
    if (!failed)
        map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int why = errno;
    (void)close(fd);
    if (failed)
        return status_fail(ERR_INPUT, "empty or not a file");
    if (map == MAP_FAILED)
        return status_fail(ERR_INPUT, "mmap: %s", strerror(why));
    (void)madvise(map, (size_t)info.st_size, MADV_SEQUENTIAL);
    s->map = map;
    s->map_bytes = (size_t)info.st_size;
    return OK;
}

enum status safetensors_open(struct safetensors *out, const char *path)
{
    struct safetensors s = {0};
    enum status st = OK;
    TRY_OUT(mem_strdup(&s.path, path));
    TRY_OUT(map_file(&s, path));
    if (file_is_lfs_pointer(s.map, s.map_bytes)) {
        st = status_fail(ERR_INPUT, FILE_LFS_ADVICE);
        goto out;
    }
    TRY_OUT(parse_header(&s));
    *out = s;
out:
    if (st != OK)
        safetensors_close(&s);
    return status_wrap(st, "%s", path);
}

void safetensors_close(struct safetensors *s)
{
    for (size_t i = 0; i < s->n_tensors; i++)
        mem_free(s->tensors[i].name);
    mem_free(s->tensors);
    mem_free(s->path);
    if (s->map)
        (void)munmap(s->map, s->map_bytes);
    *s = (struct safetensors){0};
}

static float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// IEEE binary16: 1 sign, 5 exponent (bias 15), 10 mantissa bits.
static float float_of_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = half >> 10 & 31u, mantissa = half & 0x3ffu;
    if (exponent == 0) { // zero and subnormals: mantissa * 2^-24
        float magnitude = (float)mantissa * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return float_of_bits(sign | wide << 23 | mantissa << 13);
}

struct widening {
    float *out;
    const uint8_t *from; // at any alignment
    enum tensor_type type;
    size_t count;
};

static void widen_half(float *out, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, from + 2 * i, sizeof bits);
        out[i] = float_of_half(bits);
    }
}

static void widen_brain(float *out, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, from + 2 * i, sizeof bits);
        out[i] = float_of_bits((uint32_t)bits << 16);
    }
}

static void narrow_double(float *out, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, from + 8 * i, sizeof value);
        out[i] = (float)value;
    }
}

static void widen_block(void *context, int index, int thread)
{
    const struct widening *w = context;
    size_t begin = (size_t)index * WIDEN_BLOCK, rest = w->count - begin;
    size_t n = rest < WIDEN_BLOCK ? rest : WIDEN_BLOCK;
    const uint8_t *from = w->from + begin * type_bytes(w->type);
    float *out = w->out + begin;
    (void)thread;
    if (w->type == TENSOR_F32)
        memcpy(out, from, n * sizeof *out);
    else if (w->type == TENSOR_F16)
        widen_half(out, from, n);
    else if (w->type == TENSOR_F64)
        narrow_double(out, from, n);
    else
        widen_brain(out, from, n);
}

// What was read counts as this process's memory no more (the system keeps its copy).
static void leave_pages(const struct safetensors *s, const struct safetensor *t)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t data = (size_t)(s->data - (const uint8_t *)s->map);
    size_t begin = (data + t->begin) / page * page, end = data + t->end;
    (void)madvise((char *)s->map + begin, end - begin, MADV_DONTNEED);
}

void safetensors_read(float *out, const struct safetensors *s,
                      const struct safetensor *t)
{
    struct widening w = {out, s->data + t->begin, t->type, t->count};
    par_for((int)((t->count + WIDEN_BLOCK - 1) / WIDEN_BLOCK), widen_block, &w);
    leave_pages(s, t);
}
