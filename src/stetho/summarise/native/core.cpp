// Python → kernels. Every size is checked here, so that no kernel can leave its arrays.

#include <nanobind/nanobind.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "units.hpp"

namespace nb = nanobind;

namespace stetho {
namespace {

constexpr double INFINITE = std::numeric_limits<double>::infinity();

bool runs(const char* name) {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (name == std::string("avx512"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (name == std::string("avx2"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return name == std::string("plain");
}

const Kernels* best() {
    for (const Kernels* one : {avx512(), avx2()})
        if (one && runs(one->name)) return one;
    return plain();
}

const Kernels* kernels = best();

bool use(const char* name) {
    for (const Kernels* one : {plain(), avx2(), avx512()})
        if (one && std::string(one->name) == name && runs(name)) {
            kernels = one;
            return true;
        }
    return false;
}

void demand(bool holds, const char* what) {
    if (!holds) throw nb::value_error(what);
}

int64_t whole(PyObject* number) {
    const long long value = PyLong_AsLongLong(number);
    if (value == -1 && PyErr_Occurred()) throw nb::python_error();
    return value;
}

// (address, kind, shape, strides, bytes from the address to the end of its memory)
View view_of(nb::handle given) {
    PyObject* parts = given.ptr();
    demand(PyTuple_Check(parts) && PyTuple_GET_SIZE(parts) == 5, "expected a tensor's view");
    PyObject *shape = PyTuple_GET_ITEM(parts, 2), *steps = PyTuple_GET_ITEM(parts, 3);
    demand(PyTuple_Check(shape) && PyTuple_Check(steps), "expected a shape and strides");
    const Py_ssize_t axes = PyTuple_GET_SIZE(shape);
    demand(axes <= MAX_AXES && axes == PyTuple_GET_SIZE(steps), "too many axes");
    View view;
    view.data = reinterpret_cast<const void*>(whole(PyTuple_GET_ITEM(parts, 0)));
    const int64_t kind = whole(PyTuple_GET_ITEM(parts, 1));
    demand(kind >= 0 && kind <= int(Kind::float16), "unknown type of numbers");
    view.kind = Kind(kind);
    view.axes = int(axes);
    int64_t last = 0;
    bool empty = false;
    for (int axis = 0; axis < view.axes; axis++) {
        view.shape[axis] = whole(PyTuple_GET_ITEM(shape, axis));
        view.step[axis] = whole(PyTuple_GET_ITEM(steps, axis));
        demand(view.shape[axis] >= 0 && view.step[axis] >= 0, "negative size or stride");
        empty = empty || view.shape[axis] == 0;
        int64_t reach;
        demand(!__builtin_mul_overflow(view.shape[axis] - (view.shape[axis] > 0), view.step[axis],
                                       &reach) &&
                   !__builtin_add_overflow(last, reach, &last),
               "sizes that no memory has");
    }
    const int64_t size = view.kind == Kind::float64 ? 8 : view.kind == Kind::float32 ? 4 : 2;
    const int64_t room = whole(PyTuple_GET_ITEM(parts, 4)) / size;
    demand(empty || (view.data && last < room), "a tensor that reaches beyond its memory");
    return view;
}

Rows rows_of(const View& view, int unit, int64_t stride) {
    demand(stride >= 1 && unit >= -1 && unit < view.axes,
           "no such axis, or a stride below 1");
    return {view, unit, stride};
}

int64_t count_of(const View& view, int from) {
    int64_t count = 1;
    for (int axis = from; axis < view.axes; axis++) count *= view.shape[axis];
    return count;
}

int64_t steps_in(int64_t size, int64_t stride) { return (size + stride - 1) / stride; }

int64_t units_of(const Rows& rows) { return rows.unit < 0 ? 1 : rows.view.shape[rows.unit]; }

// A float64 array of a known length, as (address, length).
double* numbers(int64_t address, int64_t length, int64_t expected) {
    demand(length == expected && (address || !expected), "an array of another length");
    return reinterpret_cast<double*>(address);
}

Facts facts_of(bool known, nb::object flat_below, nb::object flat_above, nb::object low,
               nb::object high) {
    auto limit = [](const nb::object& value, double otherwise) {
        return value.is_none() ? otherwise : nb::cast<double>(value);
    };
    return {known, known && !(flat_below.is_none() && flat_above.is_none()),
            limit(flat_below, -INFINITE), limit(flat_above, INFINITE), limit(low, -INFINITE),
            limit(high, INFINITE)};
}

void site(nb::handle z, int z_unit, nb::handle a, int a_unit, nb::handle samples, int64_t stride,
          const Facts& facts, int64_t counted, int64_t feature_stride, int64_t features, int64_t out,
          int64_t length) {
    const Rows z_rows = rows_of(view_of(z), z_unit, stride);
    const Rows a_rows = rows_of(view_of(a), a_unit, stride);
    const int64_t units = units_of(z_rows);
    demand(units == units_of(a_rows), "z and a of different units");
    demand(z_unit >= 0 || !z_rows.view.axes, "no axis of units");
    demand(counted >= 1 && feature_stride >= 1, "a stride below 1");
    const bool apart = PyTuple_Check(samples.ptr()) && PyTuple_GET_SIZE(samples.ptr());
    const View directed = apart ? view_of(samples) : a_rows.view;  // () stands for a
    demand(features >= 0 && features <= MOST_FEATURES &&
               (!features || (directed.axes > 1 &&
                              features == steps_in(count_of(directed, 1), feature_stride))),
           "features that are not there");
    double* to = numbers(out, length, COLUMNS * units + SPREAD + 1 + BINS + features);
    std::fill(to, to + length, 0.0);
    double* rest = to + COLUMNS * units;
    kernels->site(z_rows, a_rows, directed, facts, counted, feature_stride, features,
                  {to, rest, rest + SPREAD + 1, rest + SPREAD + 1 + BINS, rest + SPREAD});
}

void spread(nb::handle x, int unit, int64_t stride, int64_t out, int64_t length) {
    const Rows rows = rows_of(view_of(x), unit, stride);
    double* to = numbers(out, length, SPREAD);
    std::fill(to, to + length, 0.0);
    kernels->spread(rows, to);
}

void gradient(nb::handle g, int unit, int64_t stride, double scale, int64_t out, int64_t length) {
    const Rows rows = rows_of(view_of(g), unit, stride);
    double* to = numbers(out, length, GRADIENT);
    std::fill(to, to + length, 0.0);
    kernels->gradient(rows, scale, to);
}

double norm(nb::list tensors) {
    double squares = 0;
    for (nb::handle one : tensors) {
        const View view = view_of(one);
        double out[GRADIENT] = {};
        const int unit = view.axes - 1;  // none, of a scalar
        kernels->gradient({view, unit, 1}, 1.0, out);
        squares += out[G_NONFINITE] ? std::numeric_limits<double>::quiet_NaN() : out[G_SQUARES];
    }
    return std::sqrt(squares);
}

int64_t sampled(const View& view, int64_t stride) {
    demand(stride >= 1, "a stride below 1");
    const int64_t first = view.axes ? steps_in(view.shape[0], stride) : 1;
    return first * count_of(view, 1);
}

void before(nb::handle w, nb::handle g, int64_t stride, int64_t sample, int64_t entries,
            int64_t out, int64_t length) {
    const View value = view_of(w);
    View gradient = value;
    gradient.data = nullptr;
    if (!g.is_none()) {
        gradient = view_of(g);
        demand(gradient.axes == value.axes &&
                   std::equal(value.shape, value.shape + value.axes, gradient.shape),
               "a gradient of another shape");
        demand(gradient.data || !count_of(gradient, 0), "a gradient without memory");
    }
    demand(entries == sampled(value, stride) && (sample || !entries), "a sample of another size");
    double* to = numbers(out, length, PARAMETER);
    std::fill(to, to + length, 0.0);
    kernels->before(value, gradient, stride, reinterpret_cast<void*>(sample), to);
}

void after(nb::handle w, int64_t stride, int64_t sample, int64_t last, int64_t update,
           int64_t entries, int64_t out, int64_t length) {
    const View value = view_of(w);
    demand(entries == sampled(value, stride) && ((sample && update) || !entries),
           "a sample of another size");
    kernels->after(value, stride, reinterpret_cast<const void*>(sample),
                   reinterpret_cast<const void*>(last), reinterpret_cast<void*>(update),
                   numbers(out, length, PARAMETER));
}

// The parts of a tuple of a known length, one after the other.
struct Parts {
    PyObject* parts;
    Py_ssize_t place = 0;

    Parts(nb::handle given, Py_ssize_t length) : parts(given.ptr()) {
        demand(PyTuple_Check(parts) && PyTuple_GET_SIZE(parts) == length, "parts of another number");
    }
    nb::handle next() { return PyTuple_GET_ITEM(parts, place++); }
    int64_t next_whole() { return whole(next().ptr()); }
    double next_number() {
        const double value = PyFloat_AsDouble(next().ptr());
        if (value == -1 && PyErr_Occurred()) throw nb::python_error();
        return value;
    }
};

// Of each parameter (value, gradient or None, stride, sample, entries, out).
void before_all(nb::list parameters) {
    for (nb::handle one : parameters) {
        Parts parts(one, 6);
        const nb::handle value = parts.next(), gradient = parts.next();
        const int64_t stride = parts.next_whole(), sample = parts.next_whole();
        const int64_t entries = parts.next_whole();
        before(value, gradient, stride, sample, entries, parts.next_whole(), PARAMETER);
    }
}

// Of each parameter (value, stride, sample, last update or 0, entries, out); the update takes the
// sample's place.
void after_all(nb::list parameters) {
    for (nb::handle one : parameters) {
        Parts parts(one, 6);
        const nb::handle value = parts.next();
        const int64_t stride = parts.next_whole(), sample = parts.next_whole();
        const int64_t last = parts.next_whole(), entries = parts.next_whole();
        after(value, stride, sample, last, sample, entries, parts.next_whole(), PARAMETER);
    }
}

std::vector<double> doubles_of(nb::handle given, int64_t expected) {
    const View view = view_of(given);
    demand(view.axes == 1 && view.shape[0] == expected, "an array of another length");
    std::vector<double> values(expected);
    kernels->doubles(view, values.data());
    return values;
}

// (site, its length, units, features, samples, those of the probe before, shift or None, memory,
// its length, facts, gradient at a, gradient at z) → of the site, of its units, gradients, histogram
void row_of(Parts parts, double* out) {
    const int64_t site = parts.next_whole(), site_length = parts.next_whole();
    const int64_t units = parts.next_whole(), features = parts.next_whole();
    const double samples = parts.next_number(), samples_before = parts.next_number();
    const nb::handle shift = parts.next();
    const int64_t memory = parts.next_whole(), memory_length = parts.next_whole();
    demand(units >= 0 && features >= 0, "negative sizes");
    const double* columns = numbers(site, site_length,
                                    COLUMNS * units + SPREAD + 1 + BINS + features);
    const double* rest = columns + COLUMNS * units;
    std::vector<double> added;
    if (!shift.is_none()) added = doubles_of(shift, units);
    UnitInput in = {columns, units, rest, rest + SPREAD + 1 + BINS, features, rest[SPREAD],
                    samples, samples_before, shift.is_none() ? nullptr : added.data(),
                    numbers(memory, memory_length, 4 * units)};
    unit_row(in, nb::cast<const Facts&>(parts.next()), out);
    out += SITE_ROW + UNIT_ROW;
    for (int side = 0; side < 2; side++, out += GRADIENT) {
        const double* gradient = numbers(parts.next_whole(), GRADIENT, GRADIENT);
        std::copy(gradient, gradient + GRADIENT, out);
    }
    std::copy(rest + SPREAD + 1, rest + SPREAD + 1 + BINS, out);
}

constexpr int SITE_ITEM = 12;
constexpr int WHOLE_ROW = SITE_ROW + UNIT_ROW + 2 * GRADIENT + BINS;

// Of each site what `row_of` takes → (sites, WHOLE_ROW)
void rows(nb::list sites, int64_t out, int64_t length) {
    double* to = numbers(out, length, int64_t(WHOLE_ROW) * int64_t(nb::len(sites)));
    for (nb::handle one : sites) {
        row_of(Parts(one, SITE_ITEM), to);
        to += WHOLE_ROW;
    }
}

// Moments of each unit, (8, units), and what they say of features.
void columns(nb::handle x, int unit, int64_t stride, int64_t out, int64_t length) {
    const Rows rows = rows_of(view_of(x), unit, stride);
    double* to = numbers(out, length, COLUMNS * units_of(rows));
    std::fill(to, to + length, 0.0);
    kernels->columns(rows, to);
}

void features(int64_t columns, int64_t length, int64_t units, int64_t out, int64_t out_length) {
    demand(units >= 0, "negative sizes");
    feature_row(numbers(columns, length, MOMENTS * units), units,
                numbers(out, out_length, FEATURE_ROW));
}

}  // namespace
}  // namespace stetho

NB_MODULE(_core, module) {
    using namespace stetho;
    nb::class_<Facts>(module, "Facts").def("__init__", [](Facts* self, bool known,
                                                          nb::object flat_below,
                                                          nb::object flat_above, nb::object low,
                                                          nb::object high) {
        new (self) Facts(facts_of(known, flat_below, flat_above, low, high));
    }, nb::arg("known"), nb::arg("flat_below").none(), nb::arg("flat_above").none(),
       nb::arg("saturates_below").none(), nb::arg("saturates_above").none());
    module.def("site", &site);
    module.def("spread", &spread);
    module.def("gradient", &gradient);
    module.def("norm", &norm);
    module.def("before", &before, nb::arg(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg(),
               nb::arg(), nb::arg());
    module.def("after", &after);
    module.def("before_all", &before_all);
    module.def("after_all", &after_all);
    module.def("rows", &rows);
    module.def("columns", &columns);
    module.def("features", &features);
    module.attr("INTERFACE") = 3;  // `native.INTERFACE`: raised with every change of what is above
    module.def("instructions", [] { return kernels->name; });
    module.def("use", &use);  // for tests: every instruction set that this machine has
}
