// Finds and loads the backend of a device.
#include "device.h"

#include "base/file.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// $ETREERPO_CUDA, or beside the program, or in ../lib of it.
static int candidate(char path[PATH_MAX], int which)
{
    const char *named = getenv("ETREERPO_CUDA");
    char self[PATH_MAX] = "";
    if (named)
        return which == 0 && snprintf(path, PATH_MAX, "%s", named) < PATH_MAX;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = n > 0 ? strrchr(self, '/') : NULL;
    if (!slash || which > 1)
        return 0;
    *slash = '\0';
    return snprintf(path, PATH_MAX, "%.*s%s", PATH_MAX - 32, self,
                    which == 0 ? "/etreerpo_cuda.so" : "/../lib/etreerpo_cuda.so") <
           PATH_MAX;
}

static enum status find_library(char path[PATH_MAX])
{
    for (int which = 0; candidate(path, which); which++)
        if (access(path, R_OK) == 0)
            return OK;
    return status_fail(
        ERR_INPUT,
        "device cuda: %s is not there: this build has no GPU backend "
        "(it is built where cmake finds nvcc; CUDA_HOME names a toolkit)",
        getenv("ETREERPO_CUDA") ? getenv("ETREERPO_CUDA") : "etreerpo_cuda.so");
}

enum status accelerator_load(struct accelerator *out)
{
    char path[PATH_MAX];
    struct accelerator a = {0};
    device_entry *entry = NULL;
    TRY(find_library(path));
    // It stays loaded: CUDA's libraries have threads and exit handlers of their own.
    a.library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!a.library)
        return status_fail(ERR_INPUT, "device cuda: %s", dlerror());
    void *symbol = dlsym(a.library, "etreerpo_device");
    memcpy(&entry, &symbol, sizeof entry); // ISO C has no cast for it
    a.ops = entry ? entry() : NULL;
    if (!a.ops || a.ops->abi != DEVICE_ABI) {
        (void)dlclose(a.library);
        return status_fail(ERR_INPUT, "device cuda: %s is of another version", path);
    }
    *out = a;
    return OK;
}

enum status accelerator_open(struct accelerator *a, const struct device_setup *s)
{
    return a->ops->open(&a->device, s);
}

void *accelerator_entry(const struct accelerator *a, const char *name)
{
    void *(*entry)(void) = NULL;
    void *symbol = a->library ? dlsym(a->library, name) : NULL;
    memcpy(&entry, &symbol, sizeof entry);
    return entry ? entry() : NULL;
}

void accelerator_close(struct accelerator *a)
{
    if (!a->library)
        return;
    if (a->device)
        a->ops->close(a->device);
    (void)dlclose(a->library);
    *a = (struct accelerator){0};
}
