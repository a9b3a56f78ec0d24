// Elements of a tensor: their types as numbers, and the way from one to the next.
//
// Part of kernels.cpp, which is compiled once for each instruction set.
#pragma once

#include <cstring>

#include "kernels.hpp"

namespace stetho {
namespace {

constexpr double INF = __builtin_inf();
constexpr double NONE = __builtin_nan("");

constexpr int RUN = 64;  // rows whose sums are taken in the precision of the data

#ifndef VECTOR
#define VECTOR 16  // bytes
#endif
typedef float Floats __attribute__((vector_size(VECTOR), may_alias));
typedef double Doubles __attribute__((vector_size(VECTOR), may_alias));
constexpr int DOUBLES = VECTOR / 8;

struct Bfloat { uint16_t bits; };
struct Half { uint16_t bits; };

inline float number(float x) { return x; }
inline double number(double x) { return x; }
inline float number(Bfloat x) {
    uint32_t bits = uint32_t(x.bits) << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}
inline float number(Half x) {
    uint32_t sign = uint32_t(x.bits & 0x8000) << 16, rest = x.bits & 0x7fff, bits;
    float value;
    if (rest >= 0x7c00) {
        bits = sign | 0x7f800000 | (rest & 0x3ff) << 13;  // infinite or NaN
    } else if (rest >= 0x0400) {
        bits = sign | ((rest << 13) + (uint32_t(112) << 23));
    } else {
        value = float(rest) * 0x1p-24f;  // subnormal there, normal here
        return sign ? -value : value;
    }
    std::memcpy(&value, &bits, 4);
    return value;
}

template <class T> struct Compute { typedef float type; };
template <> struct Compute<double> { typedef double type; };
template <class C> struct Vector { typedef Floats type; };
template <> struct Vector<double> { typedef Doubles type; };

inline bool finite(double x) { return x - x == 0; }

// Goes through the indices of all axes but one, in the order of memory of a contiguous tensor.
struct Walk {
    int axes = 0;
    int64_t shape[MAX_AXES], step[MAX_AXES], index[MAX_AXES];
    int64_t offset = 0, size = 1;

    Walk(const View& view, int except = -1, int from = 0) {
        for (int axis = from; axis < view.axes; axis++) {
            if (axis == except) continue;
            int64_t length = view.shape[axis], stride = view.step[axis];
            size *= length;
            if (length == 1) continue;
            if (axes && step[axes - 1] == stride * length) {  // one axis with the one before it
                shape[axes - 1] *= length;
                step[axes - 1] = stride;
                continue;
            }
            shape[axes] = length;
            step[axes] = stride;
            index[axes++] = 0;
        }
    }

    // How far every one of the next `rows` rows lies from the one before it, if all do; else -1.
    int64_t even(int64_t count, int64_t rows) const {
        if (axes == 0) return 0;
        const int last = axes - 1;
        const bool inside = index[last] + count * (rows - 1) < shape[last];
        return inside ? count * step[last] : -1;
    }

    void advance(int64_t count) {
        for (int axis = axes - 1; axis >= 0 && count; axis--) {
            int64_t to = index[axis] + count;
            if (to < shape[axis]) {
                offset += count * step[axis];
                index[axis] = to;
                return;
            }
            count = to / shape[axis];
            to %= shape[axis];
            offset += (to - index[axis]) * step[axis];
            index[axis] = to;
        }
    }
};

// Has memory that is soon read brought nearer: rows lie too far apart for a processor to foresee.
template <class T> inline void fetch(const T* from, int64_t count) {
    const int64_t bytes = count * int64_t(sizeof(T)) < 4096 ? count * int64_t(sizeof(T)) : 4096;
    for (int64_t byte = 0; byte < bytes; byte += 64)
        __builtin_prefetch(reinterpret_cast<const char*>(from) + byte);
}

int64_t taken(int64_t size, int64_t stride) { return (size + stride - 1) / stride; }

// Calls `then(data)` with the data of a view, in its own type.
template <class Then> inline void typed(const View& view, Then then) {
    switch (view.kind) {
        case Kind::float32: return then(static_cast<const float*>(view.data));
        case Kind::float64: return then(static_cast<const double*>(view.data));
        case Kind::bfloat16: return then(static_cast<const Bfloat*>(view.data));
        case Kind::float16: return then(static_cast<const Half*>(view.data));
    }
}

template <class T> struct Bare;
template <class T> struct Bare<const T*> { typedef T type; };

inline double total(Doubles sums) {
    double sum = 0;
    for (int lane = 0; lane < DOUBLES; lane++) sum += sums[lane];
    return sum;
}

}  // namespace
}  // namespace stetho
