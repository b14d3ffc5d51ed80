/* Sets of up to 64 neurons or rows as the bits of a word. */
#ifndef SC_BITS_H
#define SC_BITS_H

#include "platform.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Bit k is set where bytes[k] is not 0, k < 64. */
SC_INLINE uint64_t bits_of_bytes(const uint8_t *bytes)
{
    uint64_t bits = 0;
#if defined(__SSE2__)
    for (int part = 0; part < 4; part++) {
        const __m128i sixteen = _mm_loadu_si128((const __m128i *)(bytes + 16 * part));
        const int zeros = _mm_movemask_epi8(_mm_cmpeq_epi8(sixteen, _mm_setzero_si128()));
        bits |= (uint64_t)(uint16_t)~zeros << (16 * part);
    }
#else
    for (int k = 0; k < 64; k++) bits |= (uint64_t)(bytes[k] != 0) << k;
#endif
    return bits;
}

/* The same for fewer than 64 bytes. */
SC_INLINE uint64_t bits_of_few_bytes(const uint8_t *bytes, int64_t count)
{
    uint64_t bits = 0;
    int64_t k = 0;
#if defined(__SSE2__)
    for (; k + 16 <= count; k += 16) {
        const __m128i sixteen = _mm_loadu_si128((const __m128i *)(bytes + k));
        const int zeros = _mm_movemask_epi8(_mm_cmpeq_epi8(sixteen, _mm_setzero_si128()));
        bits |= (uint64_t)(uint16_t)~zeros << k;
    }
#endif
    for (; k + 8 <= count; k += 8) {
        uint64_t eight;
        memcpy(&eight, bytes + k, 8);
        if (eight) /* seldom, where few neurons are active */
            for (int64_t i = k; i < k + 8; i++) bits |= (uint64_t)(bytes[i] != 0) << i;
    }
    for (; k < count; k++) bits |= (uint64_t)(bytes[k] != 0) << k;
    return bits;
}

/* Bit k is set where values[k] is not 0, k < count <= 64. */
SC_INLINE uint64_t bits_of_f32(const float *values, int64_t count)
{
    uint64_t bits = 0;
    int64_t k = 0;
#if defined(__SSE2__)
    for (; k + 4 <= count; k += 4)
        bits |= (uint64_t)_mm_movemask_ps(_mm_cmpneq_ps(_mm_loadu_ps(values + k), _mm_setzero_ps())) << k;
#endif
    for (; k < count; k++) bits |= (uint64_t)(values[k] != 0) << k;
    return bits;
}

SC_INLINE uint64_t bits_of_f64(const double *values, int64_t count)
{
    uint64_t bits = 0;
    int64_t k = 0;
#if defined(__SSE2__)
    for (; k + 2 <= count; k += 2)
        bits |= (uint64_t)_mm_movemask_pd(_mm_cmpneq_pd(_mm_loadu_pd(values + k), _mm_setzero_pd())) << k;
#endif
    for (; k < count; k++) bits |= (uint64_t)(values[k] != 0) << k;
    return bits;
}

/* Append base + k for every bit k that is set, and return the new count. */
SC_INLINE int32_t list_bits(uint64_t bits, int32_t base, int32_t count, int32_t *restrict index)
{
    for (; bits; bits &= bits - 1) index[count++] = base + (int32_t)__builtin_ctzll(bits);
    return count;
}

/* The same, a fixed number of entries at a time, since how many bits are set can't be predicted: writes up to
 * LISTED_AHEAD entries more. */
enum { LISTED_AHEAD = 3 };

SC_INLINE int32_t list_bits_ahead(uint64_t bits, int32_t base, int32_t count, int32_t *restrict index)
{
    const int32_t end = count + (int32_t)__builtin_popcountll(bits);
    for (; count < end; count += LISTED_AHEAD + 1)
        for (int k = 0; k <= LISTED_AHEAD; k++) {
            index[count + k] = base + (int32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
            bits &= bits - 1;
        }
    return end;
}

#endif
