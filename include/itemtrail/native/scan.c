/* Cuts the list of records of a log file and finds each record's members. Strict JSON (RFC 8259) over bytes that are UTF-8 already.

   A record is *plain* when it is written as CloudTrail writes: no white space between its members, each name a column's name and
   there once, text fields strings without a backslash. All others are found too, marked special, and read by the exact engine.
   Anything that is not strict JSON, too deep, too large or too much ends the scan: the exact engine says what is wrong. */

#include "scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define NAME_SLOTS 256
#define MOST_ORDERS 4096
#define SPECIAL (-1)

typedef struct {
    PyObject_HEAD
    int fields;
    char *names;                       /* all names, one behind the other */
    int32_t name_at[MOST_FIELDS + 1];  /* where each begins */
    uint64_t text;                     /* bit per field: delivered as a JSON string */
    int16_t slots[NAME_SLOTS];         /* hash -> field + 1 */
    int32_t most_depth, most_bytes, most_records;
    uint8_t (*orders)[MOST_FIELDS + 1]; /* orders of members: length, then fields */
    int order_count;
    int last_order;
} Scanner;

typedef struct {
    const Scanner *scanner;
    const char *base, *end;
} Input;

int buffer_reserve(Buffer *buffer, size_t more)
{
    if (buffer->room - buffer->used >= more)
        return 0;
    size_t room = buffer->room ? buffer->room : 4096;
    while (room - buffer->used < more)
        room *= 2;
    char *data = realloc(buffer->data, room);
    if (data == NULL)
        return -1;
    buffer->data = data;
    buffer->room = room;
    return 0;
}

int buffer_add(Buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return 0;
    if (buffer_reserve(buffer, size) < 0)
        return -1;
    memcpy(buffer->data + buffer->used, data, size);
    buffer->used += size;
    return 0;
}

void buffer_free(Buffer *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}

PyObject *buffer_bytes(const Buffer *buffer)
{
    return PyBytes_FromStringAndSize(buffer->data ? buffer->data : "", (Py_ssize_t)buffer->used);
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
        p++;
    return p;
}

/* To the first quote, backslash or control character at or after p; NULL at the end of the input. */
const char *string_run(const char *p, const char *end)
{
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), low = _mm_set1_epi8(0x1f);
    for (; end - p >= 16; p += 16) {
        __m128i some = _mm_loadu_si128((const __m128i *)p);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(some, low), some);
        __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(some, quote), _mm_cmpeq_epi8(some, slash)), control);
        int mask = _mm_movemask_epi8(found);
        if (mask)
            return p + __builtin_ctz((unsigned)mask);
    }
#endif
    for (; p < end; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < 0x20)
            return p;
    return NULL;
}

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind the escape at p (its backslash); NULL if JSON knows no such escape. */
static const char *skip_escape(const char *p, const char *end)
{
    if (end - p < 2)
        return NULL;
    if (p[1] == 'u')
        return end - p >= 6 && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) && is_hex(p[5]) ? p + 6 : NULL;
    return p[1] != 0 && strchr("\"\\/bfnrt", p[1]) ? p + 2 : NULL;
}

/* Behind the string whose quote is at p; NULL if it is none. *escaped tells whether a backslash is in it. */
const char *skip_string(const char *p, const char *end, int *escaped)
{
    if (p >= end || *p != '"')
        return NULL;
    *escaped = 0;
    p++;
    while ((p = string_run(p, end)) != NULL) {
        if (*p == '"')
            return p + 1;
        if (*p != '\\')
            return NULL;
        *escaped = 1;
        if ((p = skip_escape(p, end)) == NULL)
            return NULL;
    }
    return NULL;
}

static const char *skip_digits(const char *p, const char *end)
{
    const char *first = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p > first ? p : NULL;
}

static const char *skip_number(const char *p, const char *end)
{
    if (p < end && *p == '-')
        p++;
    if (p < end && *p == '0')
        p++;
    else if ((p = skip_digits(p, end)) == NULL)
        return NULL;
    if (p < end && *p == '.' && (p = skip_digits(p + 1, end)) == NULL)
        return NULL;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        p = skip_digits(p, end);
    }
    return p;
}

static const char *skip_word(const char *p, const char *end, const char *word)
{
    size_t size = strlen(word);
    return (size_t)(end - p) >= size && memcmp(p, word, size) == 0 ? p + size : NULL;
}

static const char *skip_scalar(const char *p, const char *end)
{
    int escaped;
    if (p >= end)
        return NULL;
    switch (*p) {
    case '"':
        return skip_string(p, end, &escaped);
    case 't':
        return skip_word(p, end, "true");
    case 'f':
        return skip_word(p, end, "false");
    case 'n':
        return skip_word(p, end, "null");
    default:
        return skip_number(p, end);
    }
}

/* Behind a member's name and its colon, before its value. */
static const char *skip_name(const char *p, const char *end)
{
    int escaped;
    if ((p = skip_string(p, end, &escaped)) == NULL)
        return NULL;
    p = skip_space(p, end);
    return p < end && *p == ':' ? skip_space(p + 1, end) : NULL;
}

/* Behind the value at p; NULL if it is not strict JSON or nests more than ``most`` levels. No recursion. */
const char *skip_value(const char *p, const char *end, int most)
{
    char waiting[MOST_DEPTH];
    int depth = 0;
    for (;;) {
        if (p < end && (*p == '{' || *p == '[')) {
            if (depth >= most)
                return NULL;
            char opening = *p;
            waiting[depth++] = (char)(opening + 2); /* in ASCII the closing bracket stands two after the opening one */
            p = skip_space(p + 1, end);
            if (p < end && *p == waiting[depth - 1]) {
                p++;
                depth--;
            } else {
                if (opening == '{' && (p = skip_name(p, end)) == NULL)
                    return NULL;
                continue;
            }
        } else if ((p = skip_scalar(p, end)) == NULL) {
            return NULL;
        }
        for (;;) { /* close brackets, or step over a comma */
            if (depth == 0)
                return p;
            p = skip_space(p, end);
            if (p >= end)
                return NULL;
            if (*p == waiting[depth - 1]) {
                p++;
                depth--;
                continue;
            }
            if (*p != ',')
                return NULL;
            p = skip_space(p + 1, end);
            if (waiting[depth - 1] == '}' && (p = skip_name(p, end)) == NULL)
                return NULL;
            break;
        }
    }
}

static unsigned name_slot(const char *name, size_t size)
{
    unsigned first = (unsigned char)name[0], last = (unsigned char)name[size - 1], middle = (unsigned char)name[size / 2];
    return (unsigned)(size * 31 + first * 7 + last * 3 + middle * 13) % NAME_SLOTS;
}

static int same_name(const Scanner *scanner, int field, const char *name, size_t size)
{
    int32_t at = scanner->name_at[field];
    return (size_t)(scanner->name_at[field + 1] - at) == size && memcmp(scanner->names + at, name, size) == 0;
}

static int find_field(const Scanner *scanner, const char *name, size_t size)
{
    if (size == 0)
        return -1;
    for (unsigned slot = name_slot(name, size); scanner->slots[slot]; slot = (slot + 1) % NAME_SLOTS)
        if (same_name(scanner, scanner->slots[slot] - 1, name, size))
            return scanner->slots[slot] - 1;
    return -1;
}

/* The number of an order of members, learned where it is new; SPECIAL when there are too many. */
static int order_number(Scanner *scanner, const uint8_t *order)
{
    size_t size = (size_t)order[0] + 1;
    if (scanner->last_order >= 0 && memcmp(scanner->orders[scanner->last_order], order, size) == 0)
        return scanner->last_order;
    for (int number = 0; number < scanner->order_count; number++)
        if (memcmp(scanner->orders[number], order, size) == 0)
            return scanner->last_order = number;
    if (scanner->order_count == MOST_ORDERS)
        return SPECIAL;
    memcpy(scanner->orders[scanner->order_count], order, size);
    return scanner->last_order = scanner->order_count++;
}

/* The record at p: its members into ``spans`` (one for each field) and its order. Behind it; NULL if it is no strict object.
   The order is SPECIAL where the exact engine must read the record. */
static const char *scan_record(Scanner *scanner, const Input *input, const char *p, Span *spans, int *order)
{
    const char *start = p;
    const uint8_t *guess = scanner->last_order >= 0 ? scanner->orders[scanner->last_order] : NULL;
    uint8_t found[MOST_FIELDS + 1];
    uint64_t met = 0;
    int count = 0;
    for (int field = 0; field < scanner->fields; field++)
        spans[field] = (Span){0, -1};
    while (p < input->end && *p == (count ? ',' : '{')) {
        const char *name = p + 1;
        if (name >= input->end || *name != '"')
            goto special;
        const char *name_end = string_run(name + 1, input->end);
        if (name_end == NULL || *name_end != '"' || input->end - name_end < 2 || name_end[1] != ':')
            goto special;
        size_t size = (size_t)(name_end - name - 1);
        int field = guess && count < guess[0] && same_name(scanner, guess[count + 1], name + 1, size) ? guess[count + 1]
                                                                                                       : find_field(scanner, name + 1, size);
        if (field < 0 || met >> field & 1)
            goto special;
        const char *value = name_end + 2;
        int escaped = 0, text = (int)(scanner->text >> field & 1);
        if (text && (value >= input->end || *value != '"'))
            goto special;
        p = text ? skip_string(value, input->end, &escaped) : skip_value(value, input->end, scanner->most_depth - 1);
        if (p == NULL)
            return NULL;
        if (escaped)
            goto special;
        met |= (uint64_t)1 << field;
        found[++count] = (uint8_t)field;
        spans[field] = (Span){(int32_t)(value + text - input->base), (int32_t)(p - value - 2 * text)};
    }
    if (count && p < input->end && *p == '}') {
        found[0] = (uint8_t)count;
        *order = order_number(scanner, found);
        return p + 1;
    }
special:
    *order = SPECIAL;
    return *start == '{' ? skip_value(start, input->end, scanner->most_depth) : NULL;
}

/* The records of the list at p into starts, ends, orders and spans. 1: all; 0: the exact engine must look; -1: no memory. */
static int scan_list(Scanner *scanner, const Input *input, const char *p, Buffer out[4])
{
    size_t spans_size = sizeof(Span) * (size_t)scanner->fields;
    p = skip_space(p + 1, input->end);
    if (p < input->end && *p == ']')
        return p + 1 == input->end;
    for (int32_t index = 0;; index++) {
        if (index >= scanner->most_records || p >= input->end || *p != '{')
            return 0;
        if (buffer_reserve(&out[3], spans_size) < 0)
            return -1;
        int order;
        const char *behind = scan_record(scanner, input, p, (Span *)(out[3].data + out[3].used), &order);
        if (behind == NULL || behind - p > scanner->most_bytes)
            return 0;
        int32_t at[3] = {(int32_t)(p - input->base), (int32_t)(behind - input->base), order};
        for (int which = 0; which < 3; which++)
            if (buffer_add(&out[which], &at[which], sizeof(int32_t)) < 0)
                return -1;
        out[3].used += spans_size;
        p = skip_space(behind, input->end);
        if (p < input->end && *p == ']')
            return p + 1 == input->end;
        if (p >= input->end || *p != ',')
            return 0;
        p = skip_space(p + 1, input->end);
    }
}

static PyObject *scanner_scan(PyObject *self, PyObject *arguments)
{
    Scanner *scanner = (Scanner *)self;
    Py_buffer content;
    Py_ssize_t start, stop;
    if (!PyArg_ParseTuple(arguments, "y*nn", &content, &start, &stop))
        return NULL;
    Buffer out[4] = {{0}};
    PyObject *result = NULL;
    if (start < 0 || start >= stop || stop > content.len || content.len > INT32_MAX || ((char *)content.buf)[start] != '[') {
        PyErr_SetString(PyExc_ValueError, "start and stop must enclose a list within 2 GiB");
        goto done;
    }
    int answer;
    Input input = {scanner, content.buf, (char *)content.buf + stop};
    answer = scan_list(scanner, &input, input.base + start, out);
    if (answer < 0)
        PyErr_NoMemory();
    else if (answer == 0)
        result = Py_NewRef(Py_None);
    else
        result = Py_BuildValue("NNNN", buffer_bytes(&out[0]), buffer_bytes(&out[1]), buffer_bytes(&out[2]), buffer_bytes(&out[3]));
done:
    for (int which = 0; which < 4; which++)
        buffer_free(&out[which]);
    PyBuffer_Release(&content);
    return result;
}

/* The fields of order ``number``, in order, as bytes. */
static PyObject *scanner_order(PyObject *self, PyObject *argument)
{
    Scanner *scanner = (Scanner *)self;
    long number = PyLong_AsLong(argument);
    if (number == -1 && PyErr_Occurred())
        return NULL;
    if (number < 0 || number >= scanner->order_count) {
        PyErr_SetString(PyExc_IndexError, "no such order");
        return NULL;
    }
    return PyBytes_FromStringAndSize((char *)scanner->orders[number] + 1, scanner->orders[number][0]);
}

static int take_names(Scanner *scanner, PyObject *names)
{
    Buffer all = {0};
    Py_ssize_t count = PyTuple_Size(names);
    if (count < 1 || count > MOST_FIELDS) {
        PyErr_SetString(PyExc_ValueError, "between 1 and 64 names");
        return -1;
    }
    for (Py_ssize_t field = 0; field < count; field++) {
        char *name;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(names, field), &name, &size) < 0 || size == 0) {
            buffer_free(&all);
            return -1;
        }
        unsigned slot = name_slot(name, (size_t)size);
        while (scanner->slots[slot])
            slot = (slot + 1) % NAME_SLOTS;
        scanner->slots[slot] = (int16_t)(field + 1);
        scanner->name_at[field] = (int32_t)all.used;
        if (buffer_add(&all, name, (size_t)size) < 0) {
            PyErr_NoMemory();
            buffer_free(&all);
            return -1;
        }
    }
    scanner->name_at[count] = (int32_t)all.used;
    scanner->names = all.data;
    scanner->fields = (int)count;
    return 0;
}

static PyObject *scanner_new(PyTypeObject *type, PyObject *arguments, PyObject *Py_UNUSED(keywords))
{
    PyObject *names;
    unsigned long long text;
    int most_depth, most_bytes, most_records;
    if (!PyArg_ParseTuple(arguments, "O!Kiii", &PyTuple_Type, &names, &text, &most_depth, &most_bytes, &most_records))
        return NULL;
    if (most_depth < 1 || most_depth > MOST_DEPTH) {
        PyErr_SetString(PyExc_ValueError, "depth between 1 and 1000");
        return NULL;
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Scanner *scanner = (Scanner *)allocate(type, 0);
    if (scanner == NULL)
        return NULL;
    scanner->text = text;
    scanner->most_depth = most_depth;
    scanner->most_bytes = most_bytes;
    scanner->most_records = most_records;
    scanner->last_order = SPECIAL;
    scanner->orders = calloc(MOST_ORDERS, sizeof *scanner->orders);
    if (scanner->orders == NULL || take_names(scanner, names) < 0) {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        Py_DECREF((PyObject *)scanner);
        return NULL;
    }
    return (PyObject *)scanner;
}

static void scanner_dealloc(PyObject *self)
{
    Scanner *scanner = (Scanner *)self;
    PyTypeObject *type = Py_TYPE(self);
    free(scanner->names);
    free(scanner->orders);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyMethodDef scanner_methods[] = {
    {"scan", scanner_scan, METH_VARARGS, "scan(content, start, stop) -> (starts, ends, orders, spans) or None"},
    {"order", scanner_order, METH_O, "order(number) -> bytes of field numbers"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scanner_slots[] = {
    {Py_tp_new, scanner_new},
    {Py_tp_dealloc, scanner_dealloc},
    {Py_tp_methods, scanner_methods},
    {Py_tp_doc, "Scanner(names, text, most_depth, most_bytes, most_records)"},
    {0, NULL},
};

PyType_Spec scanner_spec = {"itemtrail.native._native.Scanner", sizeof(Scanner), 0, Py_TPFLAGS_DEFAULT, scanner_slots};
