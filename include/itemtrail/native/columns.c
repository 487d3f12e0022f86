/* Columns from spans: dictionaries with values in the order of first use, or values laid one behind the other, as Arrow has them. */

#include "scan.h"

#define FIRST_SLOTS 64

typedef struct {
    int dictionary, null_word;
    Buffer codes;           /* dictionary: an int32 a row, -1 for null */
    Buffer valid;           /* plain: a byte a row */
    Buffer offsets, data;   /* of the values */
    int64_t rows, values, nulls;
    uint64_t *slots;        /* high half of the hash, value number + 1 in the low half */
    uint32_t mask;
    int32_t last;
} Column;

typedef struct {
    PyObject_HEAD
    int fields;
    uint64_t seed;
    Column *columns;
} Builder;

static uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A keyed hash: whoever writes records cannot know the seed, and so cannot choose values that collide. */
static uint64_t hash(const char *data, size_t size, uint64_t seed)
{
    uint64_t state = seed ^ mix(size ^ 0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL);
    uint64_t a, b;
    for (; size >= 16; data += 16, size -= 16) {
        memcpy(&a, data, 8);
        memcpy(&b, data + 8, 8);
        state = mix(a ^ state, b ^ 0x8ebc6af09c88c6e3ULL ^ seed);
    }
    char rest[16] = {0};
    memcpy(rest, data, size);
    memcpy(&a, rest, 8);
    memcpy(&b, rest + 8, 8);
    return mix(mix(a ^ state, b ^ 0x589965cc75374cc3ULL ^ seed), seed ^ 0x1d8e4e27c47d124fULL);
}

static int same_value(const Column *column, int32_t number, const char *value, size_t size)
{
    const int32_t *offsets = (const int32_t *)column->offsets.data;
    size_t own = (size_t)(offsets[number + 1] - offsets[number]);
    return own == size && memcmp(column->data.data + offsets[number], value, size) == 0;
}

static int grow_slots(Column *column)
{
    uint32_t room = column->slots ? (column->mask + 1) * 2 : FIRST_SLOTS;
    if (room > (uint32_t)1 << 30)
        return -1;
    uint64_t *slots = calloc(room, sizeof *slots);
    if (slots == NULL)
        return -1;
    for (uint32_t old = 0; column->slots && old <= column->mask; old++) {
        if (column->slots[old] == 0)
            continue;
        uint32_t slot = (uint32_t)(column->slots[old] >> 32) & (room - 1);
        while (slots[slot])
            slot = (slot + 1) & (room - 1);
        slots[slot] = column->slots[old];
    }
    free(column->slots);
    column->slots = slots;
    column->mask = room - 1;
    return 0;
}

/* One value behind the others; its number, or -1 (no memory, or more than Arrow's 2 GiB). */
static int64_t add_value(Column *column, const char *value, size_t size)
{
    if (column->data.used + size > INT32_MAX || buffer_add(&column->data, value, size) < 0)
        return -1;
    int32_t behind = (int32_t)column->data.used;
    if (buffer_add(&column->offsets, &behind, sizeof behind) < 0)
        return -1;
    return column->values++;
}

static int64_t code_of(Column *column, const char *value, size_t size, uint64_t seed)
{
    if (column->last >= 0 && same_value(column, column->last, value, size))
        return column->last;
    if ((column->slots == NULL || (uint64_t)column->values * 2 > column->mask) && grow_slots(column) < 0)
        return -1;
    uint64_t print = hash(value, size, seed) >> 32;
    uint32_t slot = (uint32_t)print & column->mask;
    for (; column->slots[slot]; slot = (slot + 1) & column->mask) {
        int32_t number = (int32_t)(uint32_t)column->slots[slot] - 1;
        if (column->slots[slot] >> 32 == print && same_value(column, number, value, size))
            return column->last = number;
    }
    int64_t number = add_value(column, value, size);
    if (number < 0)
        return -1;
    column->slots[slot] = print << 32 | (uint64_t)(number + 1);
    return column->last = (int32_t)number;
}

static int add_cell(Column *column, const char *base, Span span, uint64_t seed)
{
    const char *value = base + span.start;
    int absent = span.length < 0 || (column->null_word && span.length == 4 && memcmp(value, "null", 4) == 0);
    column->rows++;
    column->nulls += absent;
    if (column->dictionary) {
        int64_t code = absent ? -1 : code_of(column, value, (size_t)span.length, seed);
        int32_t stored = (int32_t)code;
        return (!absent && code < 0) || buffer_add(&column->codes, &stored, sizeof stored) < 0 ? -1 : 0;
    }
    char flag = (char)!absent;
    return buffer_add(&column->valid, &flag, 1) < 0 || add_value(column, value, absent ? 0 : (size_t)span.length) < 0 ? -1 : 0;
}

/* Every span within the buffer, or the caller has mixed things up. */
static int spans_fit(const Span *spans, size_t count, Py_ssize_t size)
{
    for (size_t at = 0; at < count; at++)
        if (spans[at].length >= 0 && (spans[at].start < 0 || spans[at].start > size - spans[at].length))
            return 0;
    return 1;
}

static int add_rows(Builder *builder, const Py_buffer *content, const Py_buffer *spans, const Py_buffer *rows)
{
    size_t width = (size_t)builder->fields, all = (size_t)spans->len / sizeof(Span) / width;
    size_t count = rows->obj ? (size_t)rows->len / sizeof(int32_t) : all;
    const int32_t *chosen = rows->obj ? rows->buf : NULL;
    for (size_t at = 0; at < count; at++)
        if (chosen && (chosen[at] < 0 || (size_t)chosen[at] >= all))
            return -2;
    for (size_t field = 0; field < width; field++)
        for (size_t at = 0; at < count; at++) {
            size_t row = chosen ? (size_t)chosen[at] : at;
            if (add_cell(&builder->columns[field], content->buf, ((const Span *)spans->buf)[row * width + field], builder->seed) < 0)
                return -1;
        }
    return 0;
}

static PyObject *builder_extend(PyObject *self, PyObject *arguments)
{
    Builder *builder = (Builder *)self;
    Py_buffer content, spans, rows = {0};
    PyObject *chosen = Py_None;
    if (!PyArg_ParseTuple(arguments, "y*y*O", &content, &spans, &chosen))
        return NULL;
    PyObject *result = NULL;
    if (chosen != Py_None && PyObject_GetBuffer(chosen, &rows, PyBUF_SIMPLE) < 0)
        goto done;
    size_t row_size = sizeof(Span) * (size_t)builder->fields;
    if ((size_t)spans.len % row_size || !spans_fit(spans.buf, (size_t)spans.len / sizeof(Span), content.len)) {
        PyErr_SetString(PyExc_ValueError, "the spans are not of this content");
        goto done;
    }
    int answer = add_rows(builder, &content, &spans, &rows);
    if (answer == -2)
        PyErr_SetString(PyExc_IndexError, "no such row");
    else if (answer < 0)
        PyErr_NoMemory();
    else
        result = Py_NewRef(Py_None);
done:
    if (rows.obj)
        PyBuffer_Release(&rows);
    PyBuffer_Release(&spans);
    PyBuffer_Release(&content);
    return result;
}

/* A bit a row, as Arrow has it, or None where no row is null. */
static PyObject *validity(const Column *column)
{
    if (column->nulls == 0)
        return Py_NewRef(Py_None);
    size_t size = (size_t)(column->rows + 7) / 8;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (bytes == NULL)
        return NULL;
    char *bits = PyBytes_AsString(bytes);
    memset(bits, 0, size);
    for (int64_t row = 0; row < column->rows; row++) {
        int set = column->dictionary ? ((int32_t *)column->codes.data)[row] >= 0 : column->valid.data[row];
        bits[row / 8] |= (char)(set << row % 8);
    }
    return bytes;
}

static void reset(Column *column)
{
    buffer_free(&column->codes);
    buffer_free(&column->valid);
    buffer_free(&column->offsets);
    buffer_free(&column->data);
    free(column->slots);
    column->slots = NULL;
    column->mask = 0;
    column->rows = column->values = column->nulls = 0;
    column->last = -1;
}

static int begin(Column *column)
{
    int32_t zero = 0;
    column->last = -1;
    return buffer_add(&column->offsets, &zero, sizeof zero);
}

/* (nulls, validity, codes or None, offsets, data) of a field; its memory is given back. */
static PyObject *builder_column(PyObject *self, PyObject *argument)
{
    Builder *builder = (Builder *)self;
    long field = PyLong_AsLong(argument);
    if (field == -1 && PyErr_Occurred())
        return NULL;
    if (field < 0 || field >= builder->fields) {
        PyErr_SetString(PyExc_IndexError, "no such field");
        return NULL;
    }
    Column *column = &builder->columns[field];
    PyObject *codes = column->dictionary ? buffer_bytes(&column->codes) : Py_NewRef(Py_None);
    PyObject *result = Py_BuildValue("LNNNN", (long long)column->nulls, validity(column), codes, buffer_bytes(&column->offsets),
                                     buffer_bytes(&column->data));
    reset(column);
    return result != NULL && begin(column) < 0 ? PyErr_NoMemory() : result;
}

static PyObject *builder_new(PyTypeObject *type, PyObject *arguments, PyObject *Py_UNUSED(keywords))
{
    Py_buffer kinds;
    unsigned long long seed;
    if (!PyArg_ParseTuple(arguments, "y*K", &kinds, &seed))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Builder *builder = (Builder *)allocate(type, 0);
    if (builder == NULL || kinds.len < 1 || kinds.len > MOST_FIELDS)
        goto failed;
    builder->seed = seed;
    builder->columns = calloc((size_t)kinds.len, sizeof *builder->columns);
    if (builder->columns == NULL)
        goto failed;
    builder->fields = (int)kinds.len;
    for (int field = 0; field < builder->fields; field++) {
        char kind = ((char *)kinds.buf)[field];
        builder->columns[field].dictionary = kind & 1;
        builder->columns[field].null_word = kind >> 1 & 1;
        if (begin(&builder->columns[field]) < 0)
            goto failed;
    }
    PyBuffer_Release(&kinds);
    return (PyObject *)builder;
failed:
    PyBuffer_Release(&kinds);
    Py_XDECREF((PyObject *)builder);
    return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static void builder_dealloc(PyObject *self)
{
    Builder *builder = (Builder *)self;
    PyTypeObject *type = Py_TYPE(self);
    for (int field = 0; field < builder->fields; field++)
        reset(&builder->columns[field]);
    free(builder->columns);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef builder_methods[] = {
    {"extend", builder_extend, METH_VARARGS, "extend(content, spans, rows or None): add rows"},
    {"column", builder_column, METH_O, "column(field) -> (nulls, validity, codes, offsets, data)"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot builder_slots[] = {
    {Py_tp_new, builder_new},
    {Py_tp_dealloc, builder_dealloc},
    {Py_tp_methods, builder_methods},
    {Py_tp_doc, "Builder(kinds, seed)"},
    {0, NULL},
};

PyType_Spec builder_spec = {"itemtrail.native._native.Builder", sizeof(Builder), 0, Py_TPFLAGS_DEFAULT, builder_slots};
