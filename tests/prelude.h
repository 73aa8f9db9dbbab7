// What <cmocka.h> needs before it, for every test, in whatever order a file includes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
