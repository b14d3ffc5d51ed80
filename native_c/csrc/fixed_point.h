/* What the steps of fixed-point rules use. INTEGER is the signed type they compute in, NATURAL its unsigned twin. */
#ifndef SC_FIXED_POINT_H
#define SC_FIXED_POINT_H

_Static_assert((-1 >> 1) == -1, "rules need a compiler whose >> of negative numbers keeps the sign");

/* 2^bits - 1, also for the largest type, and for no bits at all. */
#define LOW_ONES(bits) ((INTEGER)(((NATURAL)1 << (bits)) - 1))
#define UNSIGNED_LARGEST(bits) LOW_ONES(bits)
#define SIGNED_LARGEST(bits) LOW_ONES((bits) - 1)
#define SIGNED_SMALLEST(bits) (-SIGNED_LARGEST(bits) - 1)
#define SATURATE(value, smallest, largest) \
    ((value) < (smallest) ? (smallest) : (value) > (largest) ? (largest) : (value))
#define SHIFT_LEFT(value, amount) ((INTEGER)((NATURAL)(value) << (amount)))
/* A shift by more bits than INTEGER has leaves the sign. */
#define SHIFT_RIGHT(value, amount) \
    ((value) >> ((amount) < 8 * (int)sizeof(INTEGER) ? (amount) : 8 * (int)sizeof(INTEGER) - 1))

#endif
