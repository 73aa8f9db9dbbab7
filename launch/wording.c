#include "launch/wording.h"

static void end_line(struct buf *out)
{
    if (out->len && out->data[out->len - 1] != '\n')
        buf_char(out, '\n');
}

void wording_question(const struct settings *s, const struct problem *p, int chat,
                      struct buf *out)
{
    const char *instruction = s->prompt.instruction;
    if (p->continues && chat) {
        buf_str(out, "Complete this Python function. Reply with the whole function in "
                     "one ```python block.\n\n```python\n");
        buf_str(out, p->question);
        end_line(out);
        buf_str(out, "```");
    } else {
        buf_str(out, p->question);
    }
    if (*instruction && (chat || !p->continues))
        buf_printf(out, "\n\n%s", instruction);
    if (!chat)
        end_line(out);
}

void wording_solution(const struct problem *p, int chat, struct buf *out)
{
    int fenced = chat && p->verifier == VERIFIER_CODE;
    if (fenced)
        buf_str(out, "```python\n");
    if (fenced && p->continues)
        buf_str(out, p->question);
    buf_str(out, p->solution);
    if (fenced) {
        end_line(out);
        buf_str(out, "```");
    }
}
