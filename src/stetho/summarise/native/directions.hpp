// The histogram of z, and in which direction the samples of a point.
//
// Part of kernels.cpp, which is compiled once for each instruction set.
#pragma once

#include "elements.hpp"

namespace stetho {
namespace {

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

template <class T> void count_bins(const Rows& rows, int64_t counted, double* histogram) {
    const T* data = static_cast<const T*>(rows.view.data);
    int64_t units = rows.unit < 0 ? 1 : rows.view.shape[rows.unit];
    int64_t unit_step = rows.unit < 0 ? 0 : rows.view.step[rows.unit];
    Walk walk(rows.view, rows.unit);
    int64_t size = taken(walk.size, rows.stride) * units;
    int32_t counts[4][BINS] = {};  // by turns, so that an addition need not wait for the last one
    int turn = 0;
    for (int64_t place = 0, unit = 0; place < size; place += counted) {
        float x = float(number(data[walk.offset + unit * unit_step]));
        if (finite(x)) counts[turn++ & 3][bin(x)] += 1;
        unit += counted;
        if (unit >= units) {
            walk.advance(unit / units * rows.stride);
            unit %= units;
        }
    }
    for (auto& some : counts)
        for (int place = 0; place < BINS; place++) histogram[place] += some[place];
}

// Σ over samples (the first axis) of a / |a|, over every `stride`-th feature.
template <class T>
void add_directions(const View& a, int64_t stride, int64_t features, double* directions,
                    double* directed) {
    const T* data = static_cast<const T*>(a.data);
    int64_t places[MOST_FEATURES];
    Walk walk(a, -1, 1);
    bool packed = true;
    for (int64_t feature = 0; feature < features; feature++) {
        places[feature] = walk.offset;
        packed = packed && walk.offset == feature;
        walk.advance(stride);
    }
    alignas(64) double values[MOST_FEATURES + DOUBLES] = {};
    const int64_t vectors = (features + DOUBLES - 1) / DOUBLES;
    const Doubles* x = reinterpret_cast<const Doubles*>(values);
    for (int64_t sample = 0; sample < a.shape[0]; sample++) {
        const T* from = data + sample * a.step[0];
        if (packed)
            for (int64_t feature = 0; feature < features; feature++)
                values[feature] = number(from[feature]);
        else
            for (int64_t feature = 0; feature < features; feature++)
                values[feature] = number(from[places[feature]]);
        Doubles sums = {};
        for (int64_t place = 0; place < vectors; place++) sums += x[place] * x[place];
        double square = total(sums);
        if (!finite(square) || !(square > 0)) continue;
        double factor = 1 / __builtin_sqrt(square);
        for (int64_t feature = 0; feature < features; feature++)
            directions[feature] += values[feature] * factor;
        *directed += 1;
    }
}

}  // namespace
}  // namespace stetho
