// A part of a whole.
#ifndef BASE_SHARE_H
#define BASE_SHARE_H

// 0 where there is no whole.
static inline double share(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

#endif
