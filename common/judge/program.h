// The Python program of the servers: the .py files of this folder, one after the other,
// made into an array by cmake/embed.cmake.
#ifndef JUDGE_PROGRAM_H
#define JUDGE_PROGRAM_H

#include <stddef.h>

extern const unsigned char judge_program[];
extern const size_t judge_program_len;

#endif
