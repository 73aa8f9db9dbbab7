#include "config.h"

#include "config_value.h"

#include "base/mem.h"

#include <string.h>

enum status config_defaults(const struct config_schema *schema, void *settings)
{
    for (size_t i = 0; i < schema->n; i++)
        TRY(config_value_set(&schema->keys[i], settings, schema->keys[i].initial));
    return OK;
}

void config_free(const struct config_schema *schema, void *settings)
{
    for (size_t i = 0; i < schema->n; i++) {
        const struct config_key *key = &schema->keys[i];
        if (key->type == CONFIG_INT || key->type == CONFIG_FLOAT ||
            key->type == CONFIG_INTS)
            continue;
        char **text = (char **)((char *)settings + key->offset);
        mem_free(*text);
        *text = NULL;
    }
}

static size_t section_length(const struct config_key *key)
{
    return strchr(key->name, '.') ? strcspn(key->name, ".") : 0;
}

// Prints the section's heading where key i is the first of it.
static void print_section(const struct config_schema *schema, size_t i, struct buf *out)
{
    const struct config_key *key = &schema->keys[i];
    size_t len = section_length(key);
    if (len == 0)
        return;
    if (i > 0 && section_length(key - 1) == len &&
        memcmp(key->name, (key - 1)->name, len) == 0)
        return;
    buf_printf(out, "%s%.*s:\n", i ? "\n" : "", (int)len, key->name);
}

enum status config_print(const struct config_schema *schema, const void *settings,
                         struct buf *out)
{
    for (size_t i = 0; i < schema->n; i++) {
        const struct config_key *key = &schema->keys[i];
        print_section(schema, i, out);
        size_t len = section_length(key);
        buf_printf(out, "%s%s: ", len ? "  " : "", key->name + (len ? len + 1 : 0));
        config_value_print(key, settings, out);
        buf_printf(out, "  # %s%s%s\n", key->doc, *key->unit ? ", in " : "", key->unit);
    }
    return out->status;
}

enum status config_describe(const struct config_schema *schema, struct buf *out)
{
    buf_str(out,
            "| key | default | allowed | unit | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < schema->n; i++) {
        const struct config_key *key = &schema->keys[i];
        struct buf allowed = {0};
        config_value_allowed(key, &allowed);
        buf_printf(out, "| `%s` | `%s` | ", key->name,
                   strcmp(key->initial, "\n") == 0 ? "\\n" : key->initial);
        for (const char *p = buf_cstr(&allowed); *p; p++)
            buf_printf(out, *p == '|' ? ", " : "%c", *p);
        buf_printf(out, " | %s | %s |\n", key->unit, key->doc);
        buf_free(&allowed);
    }
    return out->status;
}
