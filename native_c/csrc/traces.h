/* Exponential traces of neurons' spikes, stored times exp(+t/tau), t since the last of every `period` steps: they need no work
 * between spikes. */
#ifndef SC_TRACES_H
#define SC_TRACES_H

#include "platform.h"

/* exp(-t/tau) and exp(+t/tau) in step t; rate: dt / tau. */
static inline double trace_decay(int64_t t, int64_t period, double rate) { return exp(-(double)(t % period) * rate); }
static inline double trace_growth(int64_t t, int64_t period, double rate) { return exp((double)(t % period) * rate); }

/* Bring traces back to their value, at the steps where t begins anew. */
static inline void renormalise_traces(double *trace, int64_t first, int64_t last, int64_t t, int64_t period, double rate)
{
    if (t == 0 || t % period != 0) return;
    const double factor = exp(-(double)period * rate);
    for (int64_t i = first; i < last; i++) trace[i] *= factor;
}

#endif
