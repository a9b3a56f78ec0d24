// The histogram of z, and in which direction the samples of a point.
//
// Part of kernels.cpp, which is compiled once for each instruction set.
#pragma once

#include "elements.hpp"

namespace stetho {
namespace {

constexpr int CHUNK = 256;  // elements whose bins are found together

// The bin of `record.histogram_edges` (±2^(k/2)) that holds x; an edge belongs to the bin below it.
inline int bin(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    bool negative = bits >> 31;
    uint32_t size = bits & 0x7fffffff;
    if (!negative && size) size -= 1;  // the next number below: an edge goes down
    int half = 2 * (int(size >> 23) - 127) + ((size & 0x7fffff) >= 0x3504f3);  // √2's digits
    int place = half + 2 * OCTAVES;  // 0: at the smallest positive edge, or the interval behind it
    if (place < -1) place = -1;
    if (place > 4 * OCTAVES - 1) place = 4 * OCTAVES - 1;
    return negative ? 4 * OCTAVES - 1 - place : 4 * OCTAVES + 1 + place;
}

// Adds the bins of some numbers; what is not finite is put into one more bin, which nobody reads.
inline void add_bins(const float* x, int count, int32_t (*counts)[BINS + 1]) {
    int32_t bins[CHUNK];
    for (int place = 0; place < count; place++) {
        uint32_t bits;
        std::memcpy(&bits, x + place, 4);
        bins[place] = (bits & 0x7f800000) == 0x7f800000 ? BINS : bin(x[place]);
    }
    for (int place = 0; place < count; place++)  // by turns: an addition need not wait for the last
        counts[place & 3][bins[place]] += 1;
}

template <class T> void count_bins(const Rows& rows, int64_t counted, double* histogram) {
    const T* data = static_cast<const T*>(rows.view.data);
    int64_t units = rows.unit < 0 ? 1 : rows.view.shape[rows.unit];
    int64_t unit_step = rows.unit < 0 ? 0 : rows.view.step[rows.unit];
    Walk walk(rows.view, rows.unit);
    int64_t size = taken(walk.size, rows.stride) * units;
    int32_t counts[4][BINS + 1] = {};
    float some[CHUNK];
    int filled = 0;
    for (int64_t place = 0, unit = 0; place < size; place += counted) {
        some[filled++] = float(number(data[walk.offset + unit * unit_step]));
        if (filled == CHUNK) add_bins(some, filled, counts), filled = 0;
        unit += counted;
        if (unit >= units) {
            walk.advance(unit / units * rows.stride);
            unit %= units;
        }
    }
    add_bins(some, filled, counts);
    for (auto& turn : counts)
        for (int place = 0; place < BINS; place++) histogram[place] += turn[place];
}

// Σ over samples (the first axis) of a / |a|, over every `stride`-th feature. Sums of some samples
// are taken in the precision of the data, lengths in float64 where they leave its range.
template <class T>
void add_directions(const View& a, int64_t stride, int64_t features, double* directions,
                    double* directed) {
    typedef typename Compute<T>::type C;
    typedef typename Vector<C>::type V;
    constexpr int WIDTH = sizeof(V) / sizeof(C);
    constexpr C TINY = sizeof(C) == 4 ? C(1e-30) : C(1e-300), HUGE = 1 / TINY;
    const T* data = static_cast<const T*>(a.data);
    int64_t places[MOST_FEATURES];
    Walk walk(a, -1, 1);
    bool packed = true;
    for (int64_t feature = 0; feature < features; feature++) {
        places[feature] = walk.offset;
        packed = packed && walk.offset == feature;
        walk.advance(stride);
    }
    alignas(64) C values[MOST_FEATURES + WIDTH] = {}, sums[MOST_FEATURES + WIDTH] = {};
    const int64_t vectors = (features + WIDTH - 1) / WIDTH;
    const V* x = reinterpret_cast<const V*>(values);
    V* to = reinterpret_cast<V*>(sums);
    int run = 0;
    auto flush = [&] {
        for (int64_t feature = 0; feature < features; feature++) {
            directions[feature] += sums[feature];
            sums[feature] = 0;
        }
        run = 0;
    };
    for (int64_t sample = 0; sample < a.shape[0]; sample++) {
        const T* from = data + sample * a.step[0];
        if (packed)
            for (int64_t feature = 0; feature < features; feature++)
                values[feature] = number(from[feature]);
        else
            for (int64_t feature = 0; feature < features; feature++)
                values[feature] = number(from[places[feature]]);
        V squares = {};
        for (int64_t place = 0; place < vectors; place++) squares += x[place] * x[place];
        C square = 0;
        for (int lane = 0; lane < WIDTH; lane++) square += squares[lane];
        if (square > TINY && square < HUGE) {
            const C factor = C(1 / __builtin_sqrt(double(square)));
            for (int64_t place = 0; place < vectors; place++) to[place] += x[place] * factor;
            *directed += 1;
            if (++run == RUN) flush();
            continue;
        }
        double whole = 0;
        for (int64_t feature = 0; feature < features; feature++)
            whole += double(values[feature]) * double(values[feature]);
        if (!finite(whole) || !(whole > 0)) continue;
        const double factor = 1 / __builtin_sqrt(whole);
        for (int64_t feature = 0; feature < features; feature++)
            directions[feature] += values[feature] * factor;
        *directed += 1;
    }
    flush();
}

}  // namespace
}  // namespace stetho
