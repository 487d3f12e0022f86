#include "scan.h"

static int add_type(PyObject *module, const char *name, PyType_Spec *spec)
{
    PyObject *type = PyType_FromSpec(spec);
    int answer = type == NULL ? -1 : PyModule_AddObjectRef(module, name, type);
    Py_XDECREF(type);
    return answer;
}

static int fill(PyObject *module)
{
    return add_type(module, "Scanner", &scanner_spec) < 0 || add_type(module, "Builder", &builder_spec) < 0 ? -1 : 0;
}

static PyMethodDef functions[] = {
    {"single_keys", single_keys, METH_VARARGS, "single_keys(offsets, data, rows) -> (rows, names, keys' offsets, keys)"},
    {"probe", probe, METH_VARARGS, "probe(cells, mask, stored, prints, first) -> (known, fresh)"},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", "The compiled engine.", 0, functions, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&definition);
}
