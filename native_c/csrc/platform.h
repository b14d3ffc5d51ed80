/* What depends on compiler and platform. */
#ifndef SC_PLATFORM_H
#define SC_PLATFORM_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <sched.h>
#endif

/* The loader picks the clone that the processor supports; -ffp-contract=off gives both the same bits. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define SC_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define SC_CLONES
#endif

#if defined(__GNUC__)
#define SC_INLINE static inline __attribute__((always_inline))
#else
#define SC_INLINE static inline
#endif

/* Always inlined: compilers take a call that only fetches for one that does nothing, and leave it out. */
SC_INLINE void sc_fetch(const void *address)
{
#if defined(__GNUC__)
    __builtin_prefetch(address);
#else
    (void)address;
#endif
}

#if defined(_OPENMP) && (defined(__unix__) || defined(__APPLE__))
static int forked = 0;
static void note_fork(void) { forked = 1; }
#endif

/* libgomp can hang in the child of a fork that had threads: a child runs on one thread. Its number would tell a child,
 * too, but asking the kernel for it can cost more than a small network's step. */
static int usable_threads(int32_t wanted)
{
#if defined(_OPENMP)
    if (wanted <= 1) return 1;
#if defined(__unix__) || defined(__APPLE__)
    static int watching = 0;
    if (!watching) watching = pthread_atfork(NULL, NULL, note_fork) == 0;
    if (forked || !watching) return 1;
#endif
    return wanted;
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

static inline int team_size(void)
{
#if defined(_OPENMP)
    return omp_get_num_threads();
#else
    return 1;
#endif
}

/* Threads that go through the steps of a loop together, each with its own part of the neurons. */
typedef struct {
    int32_t threads, arrived, round;
} team;

/* The part of n neurons that is this thread's: whole cache lines. */
typedef struct {
    int64_t from, to;
} part;

static inline part part_of(int64_t n, int threads, int thread)
{
    const int64_t lines = (n + 15) / 16, end = (thread + 1) * lines / threads * 16;
    const part mine = {thread * lines / threads * 16, end < n ? end : n};
    return mine;
}

/* A thread that has looked in vain `turns` times for what another one does: if it waits long it gives up the processor, as
 * another process may hold the one that the other thread needs. */
static inline void pause_for(int turns)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
#if defined(_OPENMP)
    if (turns > 2000) sched_yield();
#else
    (void)turns;
#endif
}

/* A number by which one thread tells others how far it is: what it wrote before is there for who reads it. */
static inline void publish(int64_t *number, int64_t value)
{
#if defined(_OPENMP)
    __atomic_store_n(number, value, __ATOMIC_RELEASE);
#else
    *number = value;
#endif
}

static inline int64_t published(const int64_t *number)
{
#if defined(_OPENMP)
    return __atomic_load_n(number, __ATOMIC_ACQUIRE);
#else
    return *number;
#endif
}

/* Wait until every thread of the team is here. */
static inline void meet(team *all)
{
#if defined(_OPENMP)
    if (all->threads == 1) return;
    const int32_t round = __atomic_load_n(&all->round, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&all->arrived, 1, __ATOMIC_ACQ_REL) == all->threads) {
        __atomic_store_n(&all->arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&all->round, round + 1, __ATOMIC_RELEASE);
        return;
    }
    for (int turn = 0; __atomic_load_n(&all->round, __ATOMIC_ACQUIRE) == round; turn++) pause_for(turn);
#else
    (void)all;
#endif
}

/* Samples first ... last - 1 in the steps begin ... end - 1. */
typedef struct {
    int64_t begin, end, first, last;
} share;

/* How many shares of the steps each sample has: more than one where there are fewer samples than threads. */
static inline int64_t shares_of_steps(int64_t batch, int threads)
{
    return batch < threads ? (threads + batch - 1) / batch : 1;
}

static inline int64_t shares_of_samples(int64_t batch, int threads) { return batch < threads ? batch : threads; }

/* Share k of shares_of_samples * of_steps. With a static schedule a thread has the same samples in every pass, so that
 * what it wrote in one is still in its own cache in the next. */
static inline share share_of(int64_t n_steps, int64_t batch, int threads, int64_t of_steps, int64_t k)
{
    const int64_t of_samples = shares_of_samples(batch, threads), i = k / of_steps, j = k % of_steps;
    const share mine = {j * n_steps / of_steps, (j + 1) * n_steps / of_steps, i * batch / of_samples,
                        (i + 1) * batch / of_samples};
    return mine;
}

/* Whether one task does row (t, sample - 1), or that of the last sample in step t - 1, before row (t, sample). */
static inline int follows_in(share mine, int64_t batch, int64_t t, int64_t sample)
{
    return sample > mine.first || (t > mine.begin && mine.last - mine.first == batch);
}

/* Of how many steps a share's rows stand in one piece of memory: of all, or of each alone. */
static inline int64_t steps_in_a_piece(share mine, int64_t batch)
{
    return mine.last - mine.first == batch ? mine.end - mine.begin : 1;
}

static inline int64_t rows_in(share mine) { return (mine.end - mine.begin) * (mine.last - mine.first); }

/* Row k of a share; a row is one step of one sample, [step][sample]. */
static inline int64_t row_in(share mine, int64_t batch, int64_t k)
{
    const int64_t samples = mine.last - mine.first;
    return (mine.begin + k / samples) * batch + mine.first + k % samples;
}

/* How many steps of `samples` rows to go through at a time in two passes, so that what the first one wrote is still in the
 * cache for the second; but so many that reading the matrix, `matrix` elements, anew each time costs little beside. */
static inline int64_t steps_together(int64_t samples, int64_t n, int64_t matrix, int64_t element_size)
{
    const int64_t cached = 128 * 1024 / element_size, wanted = (4 * matrix > cached ? 4 * matrix : cached) / (samples * n);
    return wanted * samples < 16 ? (16 + samples - 1) / samples : wanted;
}

/* How many samples are stepped together: a few, so that their state stays in the cache. */
enum { SAMPLES_TOGETHER = 8 };

#endif
