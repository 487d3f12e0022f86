/* Table name and key of calls on a single item, where both are spelled as usual; what is not is left to core.dynamodb. */

#include "scan.h"

#define MOST_BYTES (1 << 20)
#define MOST_LEVELS 64

typedef struct {
    const char *at;
    size_t size;
} Text;

typedef struct {
    Text name, value;
} Member;

/* Behind the member ``"name":`` at p, without escapes or white space; NULL for any other. */
static const char *member_name(const char *p, const char *end, Text *name)
{
    if (p >= end || *p != '"')
        return NULL;
    const char *behind = string_run(p + 1, end);
    if (behind == NULL || *behind != '"' || end - behind < 2 || behind[1] != ':')
        return NULL;
    *name = (Text){p + 1, (size_t)(behind - p - 1)};
    return behind + 2;
}

/* Behind a string without escapes, or a scalar; NULL for any other value. */
static const char *simple_value(const char *p, const char *end, Text *value)
{
    const char *start = p;
    if (p < end && *p == '"') {
        int escaped;
        p = skip_string(p, end, &escaped);
        if (p == NULL || escaped)
            return NULL;
    } else {
        while (p < end && *p != '"' && *p != '[' && *p != '{' && *p != ',' && *p != '}' && (unsigned char)*p > ' ' &&
               (unsigned char)*p < 0x7f)
            p++;
    }
    *value = (Text){start, (size_t)(p - start)};
    return p > start ? p : NULL;
}

/* The one or two members of a simple key at p; how many, 0 for any other key. *behind is set where there are some. */
static int simple_key(const char *p, const char *end, Member members[2], const char **behind)
{
    if (p >= end || *p != '{')
        return 0;
    for (int count = 0; count < 2;) {
        p = member_name(p + 1, end, &members[count].name);
        if (p == NULL || (p = simple_value(p, end, &members[count].value)) == NULL || p >= end)
            return 0;
        count++;
        if (*p == '}') {
            *behind = p + 1;
            return count;
        }
        if (*p != ',')
            return 0;
    }
    return 0;
}

static int is_name(Text name, const char *wanted)
{
    return name.size == strlen(wanted) && memcmp(name.at, wanted, name.size) == 0;
}

/* Whether half of a surrogate pair may be escaped in it: the exact engine knows what becomes of those. */
static int has_surrogate(const char *p, const char *end)
{
    while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
        if (end - p >= 3 && p[1] == 'u' && (p[2] | 0x20) == 'd')
            return 1;
        if (++p >= end)
            break;
    }
    return 0;
}

/* How many members the key of the call at p has, 0 where anything is unusual. *table is the table's name. */
static int single_call(const char *p, const char *end, Text *table, Member members[2])
{
    int count = 0, tables = 0;
    *table = (Text){NULL, 0};
    if (end - p > MOST_BYTES || p >= end || *p != '{' || has_surrogate(p, end))
        return 0;
    do {
        Text name;
        if ((p = member_name(p + 1, end, &name)) == NULL)
            return 0;
        if (is_name(name, "key")) {
            if (count || (count = simple_key(p, end, members, &p)) == 0)
                return 0;
        } else if (is_name(name, "tableName")) {
            Text quoted;
            if (tables++ || p >= end || *p != '"' || (p = simple_value(p, end, &quoted)) == NULL)
                return 0;
            *table = (Text){quoted.at + 1, quoted.size - 2};
        } else if ((p = skip_value(p, end, MOST_LEVELS - 1)) == NULL) {
            return 0;
        }
    } while (p < end && *p == ',');
    return p < end && *p == '}' && p + 1 == end && tables ? count : 0;
}

static int compare(Text a, Text b)
{
    int order = memcmp(a.at, b.at, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int add_member(Buffer *keys, const Member *member)
{
    return buffer_add(keys, "\"", 1) < 0 || buffer_add(keys, member->name.at, member->name.size) < 0 ||
                   buffer_add(keys, "\":", 2) < 0 || buffer_add(keys, member->value.at, member->value.size) < 0
               ? -1
               : 0;
}

/* The key's text with its names in order. 0: added; 1: the names are equal; -1: no memory. */
static int add_key(Buffer *keys, Member members[2], int count)
{
    int order = count == 2 ? compare(members[0].name, members[1].name) : -1;
    if (order == 0)
        return 1;
    const Member *first = &members[order > 0], *second = &members[order < 0];
    if (buffer_add(keys, "{", 1) < 0 || add_member(keys, first) < 0)
        return -1;
    if (count == 2 && (buffer_add(keys, ",", 1) < 0 || add_member(keys, second) < 0))
        return -1;
    return buffer_add(keys, "}", 1);
}

/* out: rows found, their tables' spans in data, ends of their keys, the keys. 0, -1: no memory, -2: a row that is not there. */
static int find_keys(const Py_buffer *offsets, const Py_buffer *data, const Py_buffer *rows, Buffer out[4])
{
    const int32_t *ends = offsets->buf, *wanted = rows->buf;
    int32_t count = (int32_t)(offsets->len / (Py_ssize_t)sizeof(int32_t)) - 1, total = (int32_t)(rows->len / (Py_ssize_t)sizeof(int32_t));
    for (int32_t at = 0; at < total; at++) {
        int32_t row = wanted[at];
        if (row < 0 || row >= count || ends[row] < 0 || ends[row + 1] < ends[row] || ends[row + 1] > data->len)
            return -2;
        const char *base = data->buf;
        Text table;
        Member members[2];
        int found = single_call(base + ends[row], base + ends[row + 1], &table, members);
        if (found == 0)
            continue;
        int added = add_key(&out[3], members, found);
        if (added > 0)
            continue;
        int32_t span[2] = {(int32_t)(table.at - base), (int32_t)table.size};
        int32_t end = (int32_t)out[3].used;
        if (added < 0 || out[3].used > INT32_MAX || buffer_add(&out[0], &row, sizeof row) < 0 ||
            buffer_add(&out[1], span, sizeof span) < 0 || buffer_add(&out[2], &end, sizeof end) < 0)
            return -1;
    }
    return 0;
}

PyObject *single_keys(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Py_buffer offsets, data, rows;
    if (!PyArg_ParseTuple(arguments, "y*y*y*", &offsets, &data, &rows))
        return NULL;
    Buffer out[4] = {{0}};
    PyObject *result = NULL;
    int answer = find_keys(&offsets, &data, &rows, out);
    if (answer == -1)
        PyErr_NoMemory();
    else if (answer == -2)
        PyErr_SetString(PyExc_IndexError, "no such row");
    else
        result = Py_BuildValue("NNNN", buffer_bytes(&out[0]), buffer_bytes(&out[1]), buffer_bytes(&out[2]), buffer_bytes(&out[3]));
    for (int which = 0; which < 4; which++)
        buffer_free(&out[which]);
    PyBuffer_Release(&rows);
    PyBuffer_Release(&data);
    PyBuffer_Release(&offsets);
    return result;
}
