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
    for (; k + 8 <= count; k += 8) {
        const __m128i eight = _mm_loadl_epi64((const __m128i *)(bytes + k));
        const int zeros = _mm_movemask_epi8(_mm_cmpeq_epi8(eight, _mm_setzero_si128()));
        bits |= (uint64_t)(uint8_t)~zeros << k;
    }
#endif
    for (; k < count; k++) bits |= (uint64_t)(bytes[k] != 0) << k;
    return bits;
}

#if defined(__SSE2__)
/* One bit for each lane of four comparisons. */
SC_INLINE uint64_t bits_of_lanes(__m128i a, __m128i b, __m128i c, __m128i d)
{
    const __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
    return (uint64_t)(uint16_t)_mm_movemask_epi8(bytes);
}

SC_INLINE __m128i lanes_of_f32(const float *four)
{
    return _mm_castps_si128(_mm_cmpneq_ps(_mm_loadu_ps(four), _mm_setzero_ps()));
}

SC_INLINE __m128i lanes_of_f64(const double *four)
{
    const __m128d zero = _mm_setzero_pd();
    const __m128d low = _mm_cmpneq_pd(_mm_loadu_pd(four), zero), high = _mm_cmpneq_pd(_mm_loadu_pd(four + 2), zero);
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castpd_ps(low), _mm_castpd_ps(high), _MM_SHUFFLE(2, 0, 2, 0)));
}
#endif

/* Bit k is set where values[k] is not 0, k < count <= 64. */
SC_INLINE uint64_t bits_of_f32(const float *values, int64_t count)
{
    uint64_t bits = 0;
    int64_t k = 0;
#if defined(__SSE2__)
    for (; k + 16 <= count; k += 16)
        bits |= bits_of_lanes(lanes_of_f32(values + k), lanes_of_f32(values + k + 4), lanes_of_f32(values + k + 8),
                              lanes_of_f32(values + k + 12))
                << k;
    for (; k + 4 <= count; k += 4) bits |= (uint64_t)_mm_movemask_ps(_mm_castsi128_ps(lanes_of_f32(values + k))) << k;
#endif
    for (; k < count; k++) bits |= (uint64_t)(values[k] != 0) << k;
    return bits;
}

SC_INLINE uint64_t bits_of_f64(const double *values, int64_t count)
{
    uint64_t bits = 0;
    int64_t k = 0;
#if defined(__SSE2__)
    for (; k + 16 <= count; k += 16)
        bits |= bits_of_lanes(lanes_of_f64(values + k), lanes_of_f64(values + k + 4), lanes_of_f64(values + k + 8),
                              lanes_of_f64(values + k + 12))
                << k;
    for (; k + 4 <= count; k += 4) bits |= (uint64_t)_mm_movemask_ps(_mm_castsi128_ps(lanes_of_f64(values + k))) << k;
#endif
    for (; k < count; k++) bits |= (uint64_t)(values[k] != 0) << k;
    return bits;
}

/* Bit k is set where value[k] >= bound[k * each], k < 64. each: 1, or 0 where all have one bound. */
SC_INLINE uint64_t bits_at_least(const double *value, const double *bound, const int each)
{
    uint64_t bits = 0;
#if defined(__SSE2__)
    for (int k = 0; k < 64; k += 2) {
        const __m128d two = each ? _mm_loadu_pd(bound + k) : _mm_set1_pd(*bound);
        bits |= (uint64_t)_mm_movemask_pd(_mm_cmpge_pd(_mm_loadu_pd(value + k), two)) << k;
    }
#else
    for (int k = 0; k < 64; k++) bits |= (uint64_t)(value[k] >= bound[k * each]) << k;
#endif
    return bits;
}

/* Append base + k for every bit k that is set, and return the new count. */
SC_INLINE int32_t list_bits(uint64_t bits, int32_t base, int32_t count, int32_t *restrict index)
{
    for (; bits; bits &= bits - 1) index[count++] = base + (int32_t)__builtin_ctzll(bits);
    return count;
}

/* The same, a fixed number of entries at a time, also where there are none, since how many bits are set can't be
 * predicted: writes up to LISTED_AHEAD entries more. */
enum { LISTED_AHEAD = 4 };

SC_INLINE int32_t list_bits_ahead(uint64_t bits, int32_t base, int32_t count, int32_t *restrict index)
{
    const int32_t end = count + (int32_t)__builtin_popcountll(bits);
    do {
        for (int k = 0; k < LISTED_AHEAD; k++) {
            index[count + k] = base + (int32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
            bits &= bits - 1;
        }
        count += LISTED_AHEAD;
    } while (count < end);
    return end;
}

#endif
