/* The inner loop of core.seen: open addressing over cells that Python owns, matches confirmed in the file of all fingerprints. */

#include "scan.h"

#include <unistd.h>

#define PRINT_BYTES 32
#define NUMBER_BITS 32

/* 1 if the fingerprint of entry ``number`` is ``print``; 0 if not; -1 if the file does not answer. */
static int same_print(int stored, int64_t number, const char *print)
{
    char known[PRINT_BYTES];
    if (pread(stored, known, PRINT_BYTES, number * PRINT_BYTES) != PRINT_BYTES)
        return -1;
    return memcmp(known, print, PRINT_BYTES) == 0;
}

typedef struct {
    uint64_t *cells, mask;
    int stored;
    int64_t first;
    const char *prints;
    Buffer known, fresh; /* known: pairs of position and number; fresh: positions */
} Probe;

/* One fingerprint into the cells, or among the known. 0, or -1 with no memory, -2 with no answer from the file. */
static int probe_one(Probe *probe, int64_t position)
{
    const char *print = probe->prints + position * PRINT_BYTES;
    uint64_t word, slot, tag;
    memcpy(&word, print, sizeof word);
    slot = word & probe->mask;
    tag = word >> NUMBER_BITS;
    for (; probe->cells[slot]; slot = (slot + 1) & probe->mask) {
        int64_t number = (int64_t)(probe->cells[slot] & 0xffffffffU) - 1;
        if (probe->cells[slot] >> NUMBER_BITS != tag)
            continue;
        int same = number < probe->first
                       ? same_print(probe->stored, number, print)
                       : memcmp(probe->prints + ((int64_t *)probe->fresh.data)[number - probe->first] * PRINT_BYTES, print, PRINT_BYTES) == 0;
        if (same < 0)
            return -2;
        if (same) {
            int64_t pair[2] = {position, number};
            return buffer_add(&probe->known, pair, sizeof pair);
        }
    }
    if (buffer_add(&probe->fresh, &position, sizeof position) < 0)
        return -1;
    int64_t number = probe->first + (int64_t)(probe->fresh.used / sizeof position);
    probe->cells[slot] = tag << NUMBER_BITS | (uint64_t)number;
    return 0;
}

/* At least as many free cells as fingerprints, and numbers that the cells were given: else a loop would not end. */
static int fits(const Probe *probe, int64_t count, Py_ssize_t cells)
{
    uint64_t slots = probe->mask + 1;
    return slots && (slots & probe->mask) == 0 && (uint64_t)cells == slots * sizeof(uint64_t) && probe->first >= 0 &&
           (uint64_t)(probe->first + count) < slots && probe->first + count < INT32_MAX;
}

PyObject *probe(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer cells, prints;
    unsigned long long mask;
    long long first;
    Probe state = {0};
    if (!PyArg_ParseTuple(arguments, "w*Kiy*L", &cells, &mask, &state.stored, &prints, &first))
        return NULL;
    state.cells = cells.buf;
    state.mask = mask;
    state.first = first;
    state.prints = prints.buf;
    PyObject *result = NULL;
    int64_t count = prints.len / PRINT_BYTES;
    int answer = fits(&state, count, cells.len) ? 0 : -3;
    for (int64_t position = 0; position < count && answer == 0; position++)
        answer = probe_one(&state, position);
    if (answer == -3)
        PyErr_SetString(PyExc_ValueError, "the cells are too few");
    else if (answer == -2)
        PyErr_SetString(PyExc_OSError, "the file of fingerprints does not answer");
    else if (answer == -1)
        PyErr_NoMemory();
    else
        result = Py_BuildValue("NN", buffer_bytes(&state.known), buffer_bytes(&state.fresh));
    buffer_free(&state.known);
    buffer_free(&state.fresh);
    PyBuffer_Release(&prints);
    PyBuffer_Release(&cells);
    return result;
}
