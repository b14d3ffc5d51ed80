/* The least that W3's events cost at dt 1 ms: the loops of a second of the CUBA network with pair-based STDP, one thread, nothing
 * else. Spikes are drawn beforehand at the network's rate, so that no neuron has to be asked whether it fires.
 *
 * cc -O3 -march=native -o least_time least_time.c -lm && ./least_time
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXCITATORY = 3200, NEURONS = 4000, STEPS = 1000, REPEATS = 20 };
static const double CONNECTED = 0.02, RATE = 0.0062; /* spikes of a neuron in a step */

static uint64_t state = 88172645463325252u;

static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static int32_t row_start[NEURONS + 1], plastic_end[NEURONS], column_start[EXCITATORY + 1];
static int32_t spike_start[STEPS + 1], spikes[STEPS * 100];
static double current[NEURONS], membrane[NEURONS], synaptic[NEURONS], presynaptic[NEURONS], postsynaptic[NEURONS];

int main(void)
{
    const size_t room = (size_t)(CONNECTED * 1.1 * NEURONS * NEURONS);
    int32_t *target = malloc(room * sizeof *target), *place = malloc(room * sizeof *place), *source = malloc(room * sizeof *source);
    float *weight = malloc(room * sizeof *weight);
    int32_t count = 0;
    for (int32_t i = 0; i < NEURONS; i++) {
        row_start[i] = count;
        for (int32_t j = 0; j < NEURONS; j++) {
            if (j == EXCITATORY) plastic_end[i] = i < EXCITATORY ? count : row_start[i];
            if (uniform() < CONNECTED) {
                target[count] = j;
                weight[count++] = 0.5f;
            }
        }
    }
    row_start[NEURONS] = count;
    int32_t listed = 0;
    for (int32_t j = 0; j < EXCITATORY; j++) { /* rows are ascending, so each gives its entries in turn */
        static int32_t next[NEURONS];
        if (j == 0) memcpy(next, row_start, sizeof next);
        column_start[j] = listed;
        for (int32_t i = 0; i < EXCITATORY; i++)
            if (next[i] < plastic_end[i] && target[next[i]] == j) {
                place[listed] = next[i]++;
                source[listed++] = i;
            }
    }
    column_start[EXCITATORY] = listed;
    count = 0;
    for (int32_t t = 0; t < STEPS; t++) {
        spike_start[t] = count;
        for (int32_t i = 0; i < NEURONS; i++)
            if (uniform() < RATE) spikes[count++] = i;
    }
    spike_start[STEPS] = count;
    double least[5] = {1e9, 1e9, 1e9, 1e9, 1e9};
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double spent[5] = {0}, now = milliseconds(), then = now;
        for (int32_t t = 1; t < STEPS; t++) {
            const int32_t *arriving = spikes + spike_start[t - 1], *firing = spikes + spike_start[t];
            const int32_t n_arriving = spike_start[t] - spike_start[t - 1], n_firing = spike_start[t + 1] - spike_start[t];
            for (int32_t e = 0; e < n_arriving; e++)
                for (int32_t k = row_start[arriving[e]]; k < row_start[arriving[e] + 1]; k++) current[target[k]] += weight[k];
            now = milliseconds(), spent[0] += now - then, then = now;
            for (int32_t j = 0; j < NEURONS; j++) {
                synaptic[j] = 0.8 * synaptic[j] + current[j];
                membrane[j] = 0.95 * membrane[j] + 0.05 * synaptic[j];
                current[j] = 0;
            }
            now = milliseconds(), spent[1] += now - then, then = now;
            for (int32_t e = 0; e < n_firing && firing[e] < EXCITATORY; e++)
                for (int32_t c = column_start[firing[e]]; c < column_start[firing[e] + 1]; c++) {
                    const double to = weight[place[c]] + 1e-3 * presynaptic[source[c]];
                    weight[place[c]] = (float)(to > 1 ? 1 : to);
                }
            now = milliseconds(), spent[2] += now - then, then = now;
            for (int32_t e = 0; e < n_arriving && arriving[e] < EXCITATORY; e++)
                for (int32_t k = row_start[arriving[e]]; k < plastic_end[arriving[e]]; k++) {
                    const double to = weight[k] - 1e-3 * postsynaptic[target[k]];
                    weight[k] = (float)(to < 0 ? 0 : to);
                }
            for (int32_t e = 0; e < n_arriving; e++) presynaptic[arriving[e]] = 0.95 * presynaptic[arriving[e]] + 1;
            for (int32_t e = 0; e < n_firing; e++) postsynaptic[firing[e]] = 0.95 * postsynaptic[firing[e]] + 1;
            now = milliseconds(), spent[3] += now - then, then = now;
        }
        for (int phase = 0; phase < 4; phase++) spent[4] += spent[phase];
        for (int phase = 0; phase < 5; phase++) least[phase] = spent[phase] < least[phase] ? spent[phase] : least[phase];
    }
    double sum = 0; /* so that no loop is left out */
    for (int32_t k = 0; k < row_start[NEURONS]; k++) sum += weight[k];
    printf("%d synapses, %d of them plastic, %d spikes, checksum %g\n", row_start[NEURONS], listed, spike_start[STEPS],
           sum + membrane[7]);
    printf("ms: delivery %.2f, neurons %.2f, potentiation %.2f, depression and traces %.2f, in all %.2f\n", least[0], least[1],
           least[2], least[3], least[4]);
    return 0;
}
