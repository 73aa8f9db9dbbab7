// The Python program that renders templates (render.py), embedded.
#ifndef CHAT_PROGRAM_H
#define CHAT_PROGRAM_H

#include <stddef.h>

extern const unsigned char chat_program[];
extern const size_t chat_program_len;

#endif
