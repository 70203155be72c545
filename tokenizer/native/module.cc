// The Python face of the native tokenizer: bytes in, bytes and plain lists out; no policy. The stub is tokenizer/_native.pyi.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <stdexcept>
#include <unordered_map>

#include "analysis.h"
#include "c_lexer.h"
#include "fortran_columns.h"

namespace {

using namespace hpcraft;

// Runs `body` and makes a Python exception of what it throws.
template <typename Body>
PyObject *guarded(Body body) {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return PyErr_NoMemory();
    } catch (const std::invalid_argument &error) {
        PyErr_SetString(PyExc_ValueError, error.what());
        return nullptr;
    } catch (const std::length_error &error) {
        PyErr_SetString(PyExc_OverflowError, error.what());
        return nullptr;
    } catch (const std::exception &error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
        return nullptr;
    }
}

// What Python handed over; every entry point sees its texts through this.
std::string_view view(const Py_buffer &buffer) {
    if (uint64_t(buffer.len) > kMaxBytes) throw std::length_error("the text is longer than 4 GiB: cut it into files");
    return {static_cast<const char *>(buffer.buf), static_cast<size_t>(buffer.len)};
}

template <typename T>
PyObject *packed(const std::vector<T> &items) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char *>(items.data()), static_cast<Py_ssize_t>(items.size() * sizeof(T)));
}

PyObject *lex(PyObject *, PyObject *args) {
    Py_buffer source;
    int language, form;
    if (!PyArg_ParseTuple(args, "y*ii", &source, &language, &form)) return nullptr;
    PyObject *result = guarded([&]() -> PyObject * {
        auto text = view(source);
        auto tokens = Language(language) == Language::fortran ? lex_fortran(text, Form(form)) : lex_c(text);
        std::vector<uint32_t> ends;
        std::vector<uint8_t> kinds;
        ends.reserve(tokens.size());
        kinds.reserve(tokens.size());
        for (const Token &token : tokens) {
            ends.push_back(token.end);
            kinds.push_back(uint8_t(token.kind));
        }
        return Py_BuildValue("NN", packed(kinds), packed(ends));
    });
    PyBuffer_Release(&source);
    return result;
}

// Spellings as text; a name may hold any bytes from 0x80 on, also such as are no UTF-8.
PyObject *text_of(std::string_view bytes) {
    return PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "surrogatepass");
}

// A reference that is given back when it goes out of scope.
struct GiveBack {
    void operator()(PyObject *object) const { Py_DecRef(object); }
};
using Owned = std::unique_ptr<PyObject, GiveBack>;

PyObject *texts_of(const std::vector<std::string_view> &items) {
    Owned list(PyList_New(static_cast<Py_ssize_t>(items.size())));
    for (size_t i = 0; list && i < items.size(); i++) {
        PyObject *text = text_of(items[i]);
        if (!text) return nullptr;
        PyList_SetItem(list.get(), static_cast<Py_ssize_t>(i), text);
    }
    return list.release();
}

PyObject *resolve(PyObject *, PyObject *args) {
    Py_buffer source;
    int language, form;
    if (!PyArg_ParseTuple(args, "y*ii", &source, &language, &form)) return nullptr;
    PyObject *result = guarded([&]() -> PyObject * {
        auto text = view(source);
        auto found = Language(language) == Language::fortran ? resolve_fortran(text, Form(form)) : resolve_c(text, Language(language));
        std::vector<std::string_view> spellings;
        std::string kinds;
        std::vector<uint8_t> flags;
        for (const Symbol &symbol : found.symbols) {
            spellings.push_back(symbol.spelling);
            kinds += symbol.kind;
            flags.push_back(symbol.flags);
        }
        Owned names(texts_of(spellings)), includes(texts_of(found.includes));
        if (!names || !includes) return nullptr;
        return Py_BuildValue("OsNNO", names.get(), kinds.c_str(), packed(flags), packed(found.places), includes.get());
    });
    PyBuffer_Release(&source);
    return result;
}

// The replacements as views of Python's own bytes; an empty view means that the name stays.
bool replacements_of(PyObject *list, std::vector<std::string_view> &out) {
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        char *bytes = nullptr;
        Py_ssize_t length = 0;
        PyObject *item = PyList_GetItem(list, i);
        if (item != Py_None && PyBytes_AsStringAndSize(item, &bytes, &length) < 0) return false;
        out.emplace_back(bytes ? bytes : "", static_cast<size_t>(length));
    }
    return true;
}

PyObject *substitute(PyObject *, PyObject *args) {
    Py_buffer source, places;
    PyObject *list;
    if (!PyArg_ParseTuple(args, "y*y*O!", &source, &places, &PyList_Type, &list)) return nullptr;
    PyObject *result = guarded([&]() -> PyObject * {
        std::vector<std::string_view> replacements;
        if (!replacements_of(list, replacements)) return nullptr;
        auto text = view(source);
        const auto *place = static_cast<const Place *>(places.buf);
        const auto *last = place + static_cast<size_t>(places.len) / sizeof(Place);
        size_t size = text.size();
        for (const Place *p = place; p < last; p++) {
            if (!replacements.at(p->symbol).empty()) size += replacements[p->symbol].size() - p->length;
        }
        // Written where Python keeps it, so that a large text isn't held twice.
        PyObject *bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size));
        if (!bytes) return nullptr;
        char *out = PyBytes_AsString(bytes);
        size_t done = 0;
        for (; place < last; place++) {
            if (replacements[place->symbol].empty()) continue;
            out = std::copy(text.begin() + done, text.begin() + place->begin, out);
            out = std::copy(replacements[place->symbol].begin(), replacements[place->symbol].end(), out);
            done = place->begin + place->length;
        }
        std::copy(text.begin() + done, text.end(), out);
        return bytes;
    });
    PyBuffer_Release(&source);
    PyBuffer_Release(&places);
    return result;
}

// A list of what `make` makes of each item.
template <typename Items, typename Make>
PyObject *listed(const Items &items, Make make) {
    Owned list(PyList_New(0));
    if (!list) return nullptr;
    for (const auto &item : items) {
        Owned made(make(item));
        if (!made || PyList_Append(list.get(), made.get()) < 0) return nullptr;
    }
    return list.release();
}

PyObject *patches_to(const std::vector<Patch> &patches) {
    return listed(patches, [](const Patch &patch) { return Py_BuildValue("IIN", patch.begin, patch.length, text_of(patch.original)); });
}

PyObject *variants_to(const Substituted &done) {
    return listed(done.variants, [](const auto &variant) { return Py_BuildValue("IN", variant.first, text_of(variant.second)); });
}

PyObject *substitute_fortran_(PyObject *, PyObject *args) {
    Py_buffer source, places;
    int form;
    PyObject *list;
    if (!PyArg_ParseTuple(args, "y*iy*O!", &source, &form, &places, &PyList_Type, &list)) return nullptr;
    PyObject *result = guarded([&]() -> PyObject * {
        std::vector<std::string_view> replacements;
        if (!replacements_of(list, replacements)) return nullptr;
        auto *first = static_cast<const Place *>(places.buf);
        auto done = substitute_fortran(view(source), Form(form), first, size_t(places.len) / sizeof(Place), replacements);
        PyObject *text = PyBytes_FromStringAndSize(done.text.data(), static_cast<Py_ssize_t>(done.text.size()));
        return Py_BuildValue("NNN", text, patches_to(done.patches), variants_to(done));
    });
    PyBuffer_Release(&source);
    PyBuffer_Release(&places);
    return result;
}

bool patches_from(PyObject *list, std::vector<Patch> &out) {
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        unsigned begin, length;
        const char *original;
        Py_ssize_t size;
        if (!PyArg_ParseTuple(PyList_GetItem(list, i), "IIy#", &begin, &length, &original, &size)) return false;
        out.push_back({begin, length, std::string(original, static_cast<size_t>(size))});
    }
    return true;
}

bool variants_from(PyObject *list, Variants &out) {
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        unsigned number;
        const char *spelling;
        Py_ssize_t size;
        if (!PyArg_ParseTuple(PyList_GetItem(list, i), "Iy#", &number, &spelling, &size)) return false;
        out.push_back({number, {spelling, static_cast<size_t>(size)}});
    }
    return true;
}

PyObject *restore_fortran_(PyObject *, PyObject *args) {
    Py_buffer text;
    int form;
    PyObject *from, *to, *patch_list, *variant_list;
    if (!PyArg_ParseTuple(args, "y*iO!O!O!O!", &text, &form, &PyList_Type, &from, &PyList_Type, &to, &PyList_Type, &patch_list,
                          &PyList_Type, &variant_list))
        return nullptr;
    PyObject *result = guarded([&]() -> PyObject * {
        std::vector<std::string_view> canonical, original;
        std::vector<Patch> patches;
        Variants variants;
        if (!replacements_of(from, canonical) || !replacements_of(to, original) || !patches_from(patch_list, patches)) return nullptr;
        if (!variants_from(variant_list, variants)) return nullptr;
        std::vector<Renaming> names;
        for (size_t i = 0; i < canonical.size(); i++) names.push_back({canonical[i], original.at(i)});
        auto out = restore_fortran(view(text), Form(form), names, patches, variants);
        return PyBytes_FromStringAndSize(out.data(), static_cast<Py_ssize_t>(out.size()));
    });
    PyBuffer_Release(&text);
    return result;
}

// A word of the shape that canonical names have: one of `letters` and a number without leading zeros.
bool canonical(std::string_view word, std::string_view letters) {
    if (word.size() < 2 || letters.find(word[0]) == std::string_view::npos || (word[1] == '0' && word.size() > 2)) return false;
    return word.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

bool word_byte(char byte) { return std::isalnum(static_cast<unsigned char>(byte)) || byte == '_' || byte == '$' || (byte & 0x80); }

// Canonical-looking words of the text that stand where nothing is replaced, comments and strings included.
PyObject *occurring(PyObject *, PyObject *args) {
    Py_buffer source, places, replaced, letters;
    if (!PyArg_ParseTuple(args, "y*y*y*y*", &source, &places, &replaced, &letters)) return nullptr;
    PyObject *result = guarded([&]() -> PyObject * {
        auto text = view(source), flags = view(replaced);
        const auto *place = static_cast<const Place *>(places.buf);
        const auto *last = place + static_cast<size_t>(places.len) / sizeof(Place);
        std::vector<std::string_view> found;
        for (size_t at = 0; at < text.size();) {
            if (!word_byte(text[at])) {
                at++;
                continue;
            }
            size_t end = at;
            while (end < text.size() && word_byte(text[end])) end++;
            while (place < last && place->begin < at) place++;
            bool gone = place < last && place->begin == at && flags.at(place->symbol);
            if (!gone && canonical(text.substr(at, end - at), view(letters))) found.push_back(text.substr(at, end - at));
            at = end;
        }
        return texts_of(found);
    });
    PyBuffer_Release(&source);
    PyBuffer_Release(&places);
    PyBuffer_Release(&replaced);
    PyBuffer_Release(&letters);
    return result;
}

using Names = std::unordered_map<std::string_view, std::string_view>;

bool names_of(PyObject *from, PyObject *to, Names &out) {
    std::vector<std::string_view> keys, values;
    if (!replacements_of(from, keys) || !replacements_of(to, values)) return false;
    for (size_t i = 0; i < keys.size(); i++) out.emplace(keys[i], values.at(i));
    return true;
}

// Gives `put` the pieces of a text in which words were replaced.
template <typename Put>
void put_words(std::string_view text, Language language, Form form, const Names &names, Put put) {
    auto one = [&](const Token &token) {
        auto piece = text.substr(token.begin, token.end - token.begin);
        auto found = token.kind == Kind::word ? names.find(piece) : names.end();
        put(found == names.end() ? piece : found->second);
    };
    if (language == Language::fortran) {
        for (const Token &token : lex_fortran(text, form)) one(token);
        return;
    }
    CLexer lexer(text);
    for (Token token; lexer.next(token);) one(token);
}

PyObject *replace_words(PyObject *, PyObject *args) {
    Py_buffer source;
    int language, form;
    PyObject *from, *to;
    if (!PyArg_ParseTuple(args, "y*iiO!O!", &source, &language, &form, &PyList_Type, &from, &PyList_Type, &to)) return nullptr;
    PyObject *result = guarded([&]() -> PyObject * {
        Names names;
        if (!names_of(from, to, names)) return nullptr;
        std::string out;
        out.reserve(view(source).size());
        put_words(view(source), Language(language), Form(form), names, [&](std::string_view piece) { out.append(piece); });
        return PyBytes_FromStringAndSize(out.data(), static_cast<Py_ssize_t>(out.size()));
    });
    PyBuffer_Release(&source);
    return result;
}

// Whether replacing words gives a text that is known, without making it.
PyObject *restores(PyObject *, PyObject *args) {
    Py_buffer source, expected;
    int language, form;
    PyObject *from, *to;
    if (!PyArg_ParseTuple(args, "y*iiO!O!y*", &source, &language, &form, &PyList_Type, &from, &PyList_Type, &to, &expected)) return nullptr;
    PyObject *result = guarded([&]() -> PyObject * {
        Names names;
        if (!names_of(from, to, names)) return nullptr;
        std::string_view rest = view(expected);
        bool same = true;
        put_words(view(source), Language(language), Form(form), names, [&](std::string_view piece) {
            same = same && rest.substr(0, piece.size()) == piece;
            if (same) rest.remove_prefix(piece.size());
        });
        return PyBool_FromLong(same && rest.empty());
    });
    PyBuffer_Release(&source);
    PyBuffer_Release(&expected);
    return result;
}

PyMethodDef methods[] = {
    {"lex", lex, METH_VARARGS, "lex(source, language, form): kinds (uint8) and ends (uint32) of the tokens, as bytes."},
    {"resolve", resolve, METH_VARARGS, "resolve(source, language, form): spellings, kinds, flags, places, includes."},
    {"substitute", substitute, METH_VARARGS, "substitute(source, places, replacements): the text with names replaced."},
    {"occurring", occurring, METH_VARARGS, "occurring(source, places, replaced, letters): canonical-looking words that are not replaced."},
    {"replace_words", replace_words, METH_VARARGS, "replace_words(source, language, form, from, to): the text with words replaced."},
    {"restores", restores, METH_VARARGS, "restores(source, language, form, from, to, expected): whether replace_words gives expected."},
    {"substitute_fortran", substitute_fortran_, METH_VARARGS,
     "substitute_fortran(source, form, places, replacements): text, patches, variants."},
    {"restore_fortran", restore_fortran_, METH_VARARGS,
     "restore_fortran(text, form, from, to, patches, variants): the text as it was."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", "Lexers and resolvers of names.", -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__native() { return PyModule_Create(&module); }
