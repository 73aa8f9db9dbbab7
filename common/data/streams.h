// The streams under RNG_DATA, so that no two uses draw the same numbers.
#ifndef DATA_STREAMS_H
#define DATA_STREAMS_H

enum {
    STREAM_SHUFFLE = 1,
    STREAM_ALGEBRA_TRAIN = 2,
    STREAM_ALGEBRA_TEST = 3,
    STREAM_COUNTDOWN_TRAIN = 4,
    STREAM_COUNTDOWN_TEST = 5,
};

#endif
