/* Shared by the three files of itemtrail.native._native; see __init__.py for what it decides and refuses. */
#ifndef ITEMTRAIL_SCAN_H
#define ITEMTRAIL_SCAN_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FIELDS 64
#define MOST_DEPTH 1000

/* Where a value lies in its buffer; length -1: the record has no such member. */
typedef struct {
    int32_t start;
    int32_t length;
} Span;

/* Memory that grows; -1 where the system has no more. */
typedef struct {
    char *data;
    size_t used, room;
} Buffer;

int buffer_reserve(Buffer *buffer, size_t more);
int buffer_add(Buffer *buffer, const void *data, size_t size);
void buffer_free(Buffer *buffer);
PyObject *buffer_bytes(const Buffer *buffer);

/* The first quote, backslash or control character at or after p; NULL at the end of the input. */
const char *string_run(const char *p, const char *end);

/* Behind the string whose quote is at p; NULL if it is none. *escaped: whether a backslash is in it. */
const char *skip_string(const char *p, const char *end, int *escaped);

/* Behind the value at p; NULL if it is not strict JSON or nests more than ``most`` levels. */
const char *skip_value(const char *p, const char *end, int most);

PyObject *single_keys(PyObject *module, PyObject *arguments);
PyObject *probe(PyObject *module, PyObject *arguments);

extern PyType_Spec scanner_spec;
extern PyType_Spec builder_spec;

#endif
