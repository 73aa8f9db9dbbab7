// The safetensors format: an 8-byte little-endian length, a JSON header, then the data.
//
// A file is mapped read-only and checked in full when opened, so that reading a tensor
// cannot fail.  safetensors_close frees; the tensors are borrowed from the file.
// Private to the layer.
#ifndef MODEL_SAFETENSORS_H
#define MODEL_SAFETENSORS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { SAFETENSORS_MAX_RANK = 8, SAFETENSORS_MAX_HEADER = 64 << 20 };

enum tensor_type {
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_F64,
    TENSOR_OTHER, // of a type that is not read, of any size
};

struct safetensor {
    char *name;
    char type_name[12]; // as the file has it
    enum tensor_type type;
    int rank;
    uint64_t shape[SAFETENSORS_MAX_RANK];
    size_t count;      // elements
    size_t begin, end; // bytes of the data section
};

struct safetensors {
    char *path;
    void *map; // the whole file, read-only
    size_t map_bytes;
    const uint8_t *data;
    size_t data_bytes;
    struct safetensor *tensors; // by their place in the file
    size_t n_tensors;
};

// ERR_INPUT names the file, the tensor and what is wrong.  ERR_NOMEM.
CHECKED enum status safetensors_open(struct safetensors *out, const char *path);
void safetensors_close(struct safetensors *s);

// out (count) = the elements, as float32, of a tensor of a type that is read.
void safetensors_read(float *out, const struct safetensors *s,
                      const struct safetensor *t);

struct model_tensor; // tensors.h

// Writes `tensors`, which follow one another without gaps in `data`, as F32: aside,
// then synced and renamed.  ERR_IO, ERR_NOMEM.
CHECKED enum status safetensors_write(const char *path,
                                      const struct model_tensor *tensors, size_t n,
                                      const float *data);

#endif
