/* What depends on compiler and platform. */
#ifndef SC_PLATFORM_H
#define SC_PLATFORM_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <sys/types.h>
#include <unistd.h>
#endif

/* The loader picks the clone that the processor supports; -ffp-contract=off gives both the same bits. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define SC_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define SC_CLONES
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define SC_SCALAR __attribute__((noinline, optimize("no-tree-vectorize", "no-tree-slp-vectorize")))
#else
#define SC_SCALAR
#endif

#if defined(__GNUC__)
#define SC_INLINE static inline __attribute__((always_inline))
#else
#define SC_INLINE static inline
#endif

/* libgomp can hang in the child of a fork that had threads: a child runs on one thread. */
static int usable_threads(int32_t wanted)
{
#if defined(_OPENMP)
#if defined(__unix__) || defined(__APPLE__)
    static pid_t first_process = 0;
    if (first_process == 0) first_process = getpid();
    if (first_process != getpid()) return 1;
#endif
    return wanted > 1 ? wanted : 1;
#else
    (void)wanted;
    return 1;
#endif
}

static inline int this_thread(void)
{
#if defined(_OPENMP)
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/* Samples per task: a few at a time, so that their state stays in the cache. */
static inline int64_t samples_per_task(int64_t batch, int threads)
{
    const int64_t share = (batch + threads - 1) / threads;
    return share < 8 ? share : 8;
}

/* Rows per task: several tasks for each thread, so that one which is held up does not hold up the others. */
static inline int64_t rows_per_task(int64_t rows, int threads)
{
    const int64_t wanted = rows / (threads > 1 ? 8 * (int64_t)threads : 1);
    return wanted > 16 ? (wanted + 15) / 16 * 16 : 16;
}

#endif
