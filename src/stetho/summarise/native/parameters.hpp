// A gradient; a parameter before and after an optimizer's step.
//
// Part of kernels.cpp, which is compiled once for each instruction set.
#pragma once

#include "elements.hpp"

namespace stetho {
namespace {

constexpr int BLOCK = 512;

inline int vectors_of(int count) { return (count + DOUBLES - 1) / DOUBLES; }

// Adds what a block of a gradient holds; there is room behind it, up to a whole vector.
inline void add_block(double* values, int count, double* out) {
    const int whole = vectors_of(count) * DOUBLES;
    for (int place = count; place < whole; place++) values[place] = 0;
    const Doubles* x = reinterpret_cast<const Doubles*>(values);
    Doubles squares = {}, bad = {}, high = {};
    decltype(high < high) zeros = {};
    for (int place = 0; place < whole / DOUBLES; place++) {
        Doubles v = x[place], size_of = v < 0 ? -v : v;
        squares += v * v;
        bad += v - v;
        high = size_of > high ? size_of : high;
        zeros += v == 0;
    }
    if (finite(total(bad))) {
        out[G_COUNT] += count;
        out[G_SQUARES] += total(squares);
        out[G_ZEROS] -= whole - count;
        for (int lane = 0; lane < DOUBLES; lane++) {
            if (high[lane] > out[G_HIGH]) out[G_HIGH] = high[lane];
            out[G_ZEROS] -= double(zeros[lane]);
        }
        return;
    }
    for (int place = 0; place < count; place++) {
        double v = values[place];
        if (!finite(v)) {
            out[G_NONFINITE] += 1;
            continue;
        }
        out[G_COUNT] += 1;
        out[G_SQUARES] += v * v;
        out[G_ZEROS] += v == 0;
        if (v < 0) v = -v;
        if (v > out[G_HIGH]) out[G_HIGH] = v;
    }
}

void gradient(const Rows& rows, double scale, double* out) {
    typed(rows.view, [&](auto* data) {
        alignas(64) double values[BLOCK];
        const int64_t units = rows.unit < 0 ? 1 : rows.view.shape[rows.unit];
        const int64_t step = rows.unit < 0 ? 0 : rows.view.step[rows.unit];
        Walk walk(rows.view, rows.unit);
        const int64_t count = taken(walk.size, rows.stride);
        const double factor = 1 / scale;
        int filled = 0;
        auto flush = [&] {
            if (scale != 1)
                for (int place = 0; place < filled; place++) values[place] *= factor;
            add_block(values, filled, out);
            filled = 0;
        };
        for (int64_t row = 0; row < count; row++) {
            auto* from = data + walk.offset;
            walk.advance(rows.stride);
            if (step == 1 && row + 1 < count) fetch(data + walk.offset, units);
            for (int64_t done = 0; done < units;) {
                int some = int(units - done < BLOCK - filled ? units - done : BLOCK - filled);
                if (step == 1)
                    for (int place = 0; place < some; place++)
                        values[filled + place] = number(from[done + place]);
                else
                    for (int place = 0; place < some; place++)
                        values[filled + place] = number(from[(done + place) * step]);
                filled += some;
                done += some;
                if (filled == BLOCK) flush();
            }
        }
        flush();
    });
}

struct Strip {  // the rows of a parameter, one unit's incoming weights each
    int64_t rows = 1, entries = 1, row_step = 0;
    View inner;

    Strip(const View& view, int64_t stride) : inner(view) {
        if (view.axes == 0) return;
        if (view.axes == 1) {  // one row, of every `stride`-th entry
            entries = inner.shape[0] = taken(view.shape[0], stride);
            inner.step[0] = view.step[0] * stride;
            return;
        }
        rows = taken(view.shape[0], stride);
        row_step = view.step[0] * stride;
        inner.axes = view.axes - 1;
        for (int axis = 0; axis < inner.axes; axis++) {
            inner.shape[axis] = view.shape[axis + 1];
            inner.step[axis] = view.step[axis + 1];
            entries *= inner.shape[axis];
        }
    }
};

// Goes through the sampled rows in pieces: then(values, count, row, place in the row). There is
// room behind the values, up to a whole vector, filled with zeros.
template <class T, class Then> void pieces(const T* data, const Strip& strip, Then then) {
    alignas(64) double values[BLOCK];
    const Walk begin(strip.inner);
    const bool packed = begin.axes == 0 || (begin.axes == 1 && begin.step[0] == 1);
    for (int64_t row = 0; row < strip.rows; row++) {
        const T* from = data + row * strip.row_step;
        if (packed && row + 1 < strip.rows) fetch(from + strip.row_step, strip.entries);
        Walk walk = begin;
        for (int64_t done = 0; done < strip.entries; done += BLOCK) {
            int count = int(strip.entries - done < BLOCK ? strip.entries - done : BLOCK);
            if (packed)
                for (int place = 0; place < count; place++)
                    values[place] = number(from[done + place]);
            else
                for (int place = 0; place < count; place++) {
                    values[place] = number(from[walk.offset]);
                    walk.advance(1);
                }
            for (int place = count; place % DOUBLES; place++) values[place] = 0;
            then(values, count, row, done);
        }
    }
}

struct Squares {
    Doubles sums = {}, bad = {};
    double not_finite = 0;

    void add(const double* values, int count) {
        const Doubles* x = reinterpret_cast<const Doubles*>(values);
        for (int place = 0; place < vectors_of(count); place++) {
            sums += x[place] * x[place];
            bad += x[place] - x[place];
        }
        if (finite(total(bad))) return;
        for (int place = 0; place < count; place++) not_finite += !finite(values[place]);
    }
};

struct Signs {  // of one row of a gradient
    double sum = 0, size = 0;
    bool positive = false, negative = false;

    void add(const double* values, int count) {
        const Doubles* x = reinterpret_cast<const Doubles*>(values);
        Doubles sums = {}, sizes = {};
        decltype(sums < sums) above = {}, below = {};
        for (int place = 0; place < vectors_of(count); place++) {
            Doubles v = x[place];
            sums += v;
            sizes += v < 0 ? -v : v;
            above |= v > 0;
            below |= v < 0;
        }
        sum += total(sums);
        size += total(sizes);
        for (int lane = 0; lane < DOUBLES; lane++) {
            positive = positive || above[lane];
            negative = negative || below[lane];
        }
    }

    void end_row(double* out) {
        out[P_ONE_SIGN] += positive != negative;
        if (size > 0) {
            out[P_ROWS] += 1;
            out[P_BALANCE] += (sum < 0 ? -sum : sum) / size;
        }
        *this = Signs();
    }
};

template <class S> void take_value(const View& w, const Strip& strip, S* sample, double* out) {
    Squares squares;
    double alike = 0;
    bool same = true;
    typed(w, [&](auto* data) {
        pieces(data, strip, [&](double* values, int count, int64_t row, int64_t place) {
            S* to = sample + row * strip.entries + place;
            for (int entry = 0; entry < count; entry++) to[entry] = S(values[entry]);
            if (place == 0) same = row > 0;
            for (int entry = 0; same && entry < count; entry++)
                same = to[entry] == sample[place + entry];
            if (place + count == strip.entries) alike += same;
            squares.add(values, count);
        });
    });
    const bool rows = w.axes > 1;
    out[P_ENTRIES] = double(strip.rows * strip.entries);
    out[P_SQUARES] = total(squares.sums);
    out[P_NONFINITE] = squares.not_finite;
    out[P_OTHERS] = rows ? double(strip.rows ? strip.rows - 1 : 0) : NONE;
    out[P_ALIKE] = rows ? alike : NONE;
}

void take_gradient(const View& g, const Strip& strip, double* out) {
    Squares squares;
    Signs signs;
    const bool asked = g.axes > 1 && strip.entries > 1;
    if (!asked) out[P_ROWS] = out[P_ONE_SIGN] = out[P_BALANCE] = NONE;
    typed(g, [&](auto* data) {
        pieces(data, strip, [&](double* values, int count, int64_t, int64_t place) {
            squares.add(values, count);
            if (!asked) return;
            signs.add(values, count);
            if (place + count == strip.entries) signs.end_row(out);
        });
    });
    out[P_GRADIENTS] = total(squares.sums);
    out[P_GRADIENT_NONFINITE] = squares.not_finite;
}

void before(const View& w, const View& g, int64_t stride, void* sample, double* out) {
    const Strip strip(w, stride);
    if (w.kind == Kind::float64)
        take_value(w, strip, static_cast<double*>(sample), out);
    else
        take_value(w, strip, static_cast<float*>(sample), out);
    if (g.data)
        take_gradient(g, Strip(g, stride), out);
    else
        out[P_GRADIENTS] = out[P_ROWS] = out[P_ONE_SIGN] = out[P_BALANCE] = NONE;
    out[P_UPDATES] = out[P_PRODUCT] = out[P_LAST] = out[P_LEFT] = NONE;
}

template <class S>
void take_update(const View& w, const Strip& strip, const S* sample, const S* last, S* update,
                 double* out) {
    Doubles squares = {}, products = {}, lasts = {};
    alignas(64) double old[BLOCK];
    typed(w, [&](auto* data) {
        pieces(data, strip, [&](double* values, int count, int64_t row, int64_t place) {
            const int64_t from = row * strip.entries + place;
            for (int entry = 0; entry < count; entry++) {
                values[entry] -= sample[from + entry];
                update[from + entry] = S(values[entry]);
            }
            const Doubles *u = reinterpret_cast<const Doubles*>(values),
                          *before = reinterpret_cast<const Doubles*>(old);
            const int vectors = vectors_of(count);
            for (int at = 0; at < vectors; at++) squares += u[at] * u[at];
            if (!last) return;
            for (int entry = 0; entry < count; entry++) old[entry] = last[from + entry];
            for (int entry = count; entry % DOUBLES; entry++) old[entry] = 0;
            for (int at = 0; at < vectors; at++) {
                products += u[at] * before[at];
                lasts += before[at] * before[at];
            }
        });
    });
    out[P_UPDATES] = total(squares);
    out[P_PRODUCT] = last ? total(products) : NONE;
    out[P_LAST] = last ? total(lasts) : NONE;
}

void after(const View& w, int64_t stride, const void* sample, const void* last, void* update,
           double* out) {
    const Strip strip(w, stride);
    if (w.kind == Kind::float64)
        take_update(w, strip, static_cast<const double*>(sample), static_cast<const double*>(last),
                    static_cast<double*>(update), out);
    else
        take_update(w, strip, static_cast<const float*>(sample), static_cast<const float*>(last),
                    static_cast<float*>(update), out);
}

}  // namespace
}  // namespace stetho
