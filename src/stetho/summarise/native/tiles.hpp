// Rows of units → moments and counts of each unit.
//
// Elements are taken in tiles of 256 rows × as many units as a vector holds. A tile lies
// in the cache while its mean, and then its deviations from that mean, are taken: in the precision
// of the data (single for half precision), as sums of at most 64 numbers; these are added up, and
// tiles joined (Pébay 2008), in float64. Where single precision would not do (numbers that are not
// finite, spreads whose fourth power leaves its range) a unit's tile is done again, in float64.
//
// Part of kernels.cpp, which is compiled once for each instruction set.
#pragma once

#include "elements.hpp"

namespace stetho {
namespace {

constexpr int TILE = 256;

template <class C> struct Tile {
    typedef typename Vector<C>::type V;
    static constexpr int WIDTH = sizeof(V) / sizeof(C);
    alignas(64) C cells[TILE][WIDTH];

    const V& operator[](int row) const { return *reinterpret_cast<const V*>(cells[row]); }
};

// Fills a tile from rows that begin at `walk`; lanes beyond `width` repeat the first one.
template <class T, class C>
inline void load(Tile<C>& tile, const T* data, Walk& walk, int64_t stride, int64_t unit_step,
                 int width, int rows) {
    constexpr int WIDTH = Tile<C>::WIDTH;
    const int64_t even = walk.even(stride, rows);  // from row to row, if that is always the same
    const bool packed = unit_step == 1 && width == WIDTH;
    if (even >= 0 && packed) {
        const T* from = data + walk.offset;
        for (int row = 0; row < rows; row++, from += even) {
            __builtin_prefetch(from + WIDTH);  // for the next units
            for (int lane = 0; lane < WIDTH; lane++) tile.cells[row][lane] = number(from[lane]);
        }
        walk.advance(stride * rows);
        return;
    }
    for (int row = 0; row < rows; row++) {
        const T* from = data + walk.offset;
        if (packed) {
            for (int lane = 0; lane < WIDTH; lane++) tile.cells[row][lane] = number(from[lane]);
        } else {
            for (int lane = 0; lane < width; lane++)
                tile.cells[row][lane] = number(from[lane * unit_step]);
            for (int lane = width; lane < WIDTH; lane++) tile.cells[row][lane] = number(from[0]);
        }
        walk.advance(stride);
    }
}

// What has been taken of as many units as a tile is wide.
template <int WIDTH> struct Lanes {
    double at[COLUMNS][WIDTH] = {};

    Lanes() {
        for (int lane = 0; lane < WIDTH; lane++) at[LOW][lane] = INF, at[HIGH][lane] = -INF;
    }

    // Pébay 2008, equations 3.1: takes a tile in, given by `n` and by sums of deviations from
    // `centre`; lanes whose n is 0 stay as they are.
    void join(const double* n, const double* centre, const double (*sums)[WIDTH]) {
        for (int lane = 0; lane < WIDTH; lane++) {
            double b = n[lane], safe = b > 0 ? b : 1, shift = sums[0][lane] / safe;
            double s2 = sums[1][lane], s3 = sums[2][lane], s4 = sums[3][lane];
            double square = shift * shift;
            double b2 = s2 - b * square;
            double b3 = s3 - 3 * shift * s2 + 2 * b * square * shift;
            double b4 = s4 - 4 * shift * s3 + 6 * square * s2 - 3 * b * square * square;
            b2 = b2 > 0 ? b2 : 0;
            b4 = b4 > 0 ? b4 : 0;
            double a = at[COUNT][lane], a2 = at[M2][lane], a3 = at[M3][lane];
            double d = centre[lane] + shift - at[MEAN][lane];
            double whole = a + b, part = d / (whole > 0 ? whole : 1), ab = a * b * d * part;
            at[M4][lane] += b4 + ab * part * part * (a * a - a * b + b * b) +
                            6 * part * part * (a * a * b2 + b * b * a2) +
                            4 * part * (a * b3 - b * a3);
            at[M3][lane] += b3 + ab * part * (a - b) + 3 * part * (a * b2 - b * a2);
            at[M2][lane] += b2 + ab;
            at[MEAN][lane] += part * b;
            at[COUNT][lane] = whole;
        }
    }
};

// Whether deviations of this size may be raised to the fourth power in the precision of C.
template <class C> inline bool fits(C spread) {
    return finite(spread) && (sizeof(C) == 8 || spread == 0 || (spread > C(1e-8) && spread < C(1e8)));
}

// One unit of a tile in float64, element by element, finite or not.
template <class C>
void carefully(const Tile<C>& tile, int rows, int lane, const Facts& facts,
               Lanes<Tile<C>::WIDTH>& lanes) {
    constexpr int WIDTH = Tile<C>::WIDTH;
    double count[WIDTH] = {}, centre[WIDTH] = {}, sums[4][WIDTH] = {};
    double sum = 0;
    for (int row = 0; row < rows; row++) {
        double x = tile.cells[row][lane];
        lanes.at[BELOW][lane] += x < facts.saturates_below;
        lanes.at[ABOVE][lane] += x > facts.saturates_above;
        lanes.at[ACTIVE][lane] +=
            facts.flat ? x > facts.flat_below && x < facts.flat_above : facts.known;
        if (!finite(x)) continue;
        count[lane] += 1;
        sum += x;
        if (x < lanes.at[LOW][lane]) lanes.at[LOW][lane] = x;
        if (x > lanes.at[HIGH][lane]) lanes.at[HIGH][lane] = x;
    }
    lanes.at[NONFINITE][lane] += rows - count[lane];
    if (!count[lane]) return;
    centre[lane] = sum / count[lane];
    for (int row = 0; row < rows; row++) {
        double x = tile.cells[row][lane], d = x - centre[lane], power = d;
        if (!finite(x)) continue;
        for (int order = 0; order < 4; order++, power *= d) sums[order][lane] += power;
    }
    lanes.join(count, centre, sums);
}

template <class C>
void take_z(const Tile<C>& tile, int rows, const Facts& facts, Lanes<Tile<C>::WIDTH>& lanes) {
    typedef typename Vector<C>::type V;
    typedef decltype(V() < V()) Mask;
    constexpr int WIDTH = Tile<C>::WIDTH;
    V sum = {}, bad = {}, low = tile[0], high = tile[0];
    for (int row = 0; row < rows; row++) {
        V v = tile[row];
        sum += v;
        bad += v - v;
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    const V mean = sum / C(rows);
    const C saturates_below = C(facts.saturates_below), saturates_above = C(facts.saturates_above);
    const C flat_below = C(facts.flat_below), flat_above = C(facts.flat_above);
    Mask below = {}, above = {}, active = {};
    double sums[4][WIDTH] = {};
    for (int from = 0; from < rows; from += RUN) {
        V s1 = {}, s2 = {}, s3 = {}, s4 = {};
        for (int row = from; row < (rows < from + RUN ? rows : from + RUN); row++) {
            V v = tile[row], d = v - mean, square = d * d;
            s1 += d;
            s2 += square;
            s3 += square * d;
            s4 += square * square;
            below += v < saturates_below;  // a mask is -1 where it holds
            above += v > saturates_above;
            active += (v > flat_below) & (v < flat_above);
        }
        for (int lane = 0; lane < WIDTH; lane++) sums[0][lane] += double(s1[lane]);
        for (int lane = 0; lane < WIDTH; lane++) sums[1][lane] += double(s2[lane]);
        for (int lane = 0; lane < WIDTH; lane++) sums[2][lane] += double(s3[lane]);
        for (int lane = 0; lane < WIDTH; lane++) sums[3][lane] += double(s4[lane]);
    }
    double count[WIDTH], centre[WIDTH];
    bool all = true;
    for (int lane = 0; lane < WIDTH; lane++) {
        bool well = bad[lane] == 0 && finite(mean[lane]) && fits(high[lane] - low[lane]);
        all = all && well;
        count[lane] = well ? rows : 0;
        centre[lane] = mean[lane];
    }
    if (!all)
        for (int lane = 0; lane < WIDTH; lane++) {
            if (count[lane]) continue;
            centre[lane] = 0;
            for (auto& of_order : sums) of_order[lane] = 0;
            carefully(tile, rows, lane, facts, lanes);
        }
    lanes.join(count, centre, sums);
    for (int lane = 0; lane < WIDTH; lane++) {
        if (!count[lane]) continue;
        if (low[lane] < lanes.at[LOW][lane]) lanes.at[LOW][lane] = low[lane];
        if (high[lane] > lanes.at[HIGH][lane]) lanes.at[HIGH][lane] = high[lane];
        lanes.at[BELOW][lane] -= below[lane];
        lanes.at[ABOVE][lane] -= above[lane];
        lanes.at[ACTIVE][lane] += facts.flat ? -active[lane] : facts.known ? rows : 0;
    }
}

// Spread and zeros of some units of a.
template <int WIDTH> struct Spreads {
    double count[WIDTH] = {}, mean[WIDTH] = {}, m2[WIDTH] = {}, zeros[WIDTH] = {}, bad = 0;

    void join(const double* n, const double* centre, const double* s1, const double* s2) {
        for (int lane = 0; lane < WIDTH; lane++) {
            double b = n[lane], safe = b > 0 ? b : 1, shift = s1[lane] / safe;
            double square = s2[lane] - b * shift * shift, d = centre[lane] + shift - mean[lane];
            double whole = count[lane] + b, part = d / (whole > 0 ? whole : 1);
            m2[lane] += (square > 0 ? square : 0) + count[lane] * b * d * part;
            mean[lane] += part * b;
            count[lane] = whole;
        }
    }

    void add_to(double* out, int width) const {
        double n = 0, sum = 0, squares = 0;
        for (int lane = 0; lane < width; lane++) {
            n += count[lane];
            sum += count[lane] * mean[lane];
            out[S_ZEROS] += zeros[lane];
        }
        out[S_NONFINITE] += bad;
        if (n == 0) return;
        const double middle = sum / n;
        for (int lane = 0; lane < width; lane++) {
            double d = mean[lane] - middle;
            squares += m2[lane] + count[lane] * d * d;
        }
        const double whole = out[S_COUNT] + n, d = middle - out[S_MEAN];
        out[S_M2] += squares + d * d * out[S_COUNT] * n / whole;
        out[S_MEAN] += d * n / whole;
        out[S_COUNT] = whole;
    }
};

template <class C>
void take_a(const Tile<C>& tile, int rows, int width, Spreads<Tile<C>::WIDTH>& spreads) {
    typedef typename Vector<C>::type V;
    typedef decltype(V() < V()) Mask;
    constexpr int WIDTH = Tile<C>::WIDTH;
    V sum = {}, bad = {};
    Mask zeros = {};
    for (int row = 0; row < rows; row++) {
        V v = tile[row];
        sum += v;
        bad += v - v;
        zeros += v == 0;
    }
    const V mean = sum / C(rows);
    double s1[WIDTH] = {}, s2[WIDTH] = {};
    for (int from = 0; from < rows; from += RUN) {
        V t1 = {}, t2 = {};
        for (int row = from; row < (rows < from + RUN ? rows : from + RUN); row++) {
            V d = tile[row] - mean;
            t1 += d;
            t2 += d * d;
        }
        for (int lane = 0; lane < WIDTH; lane++) s1[lane] += double(t1[lane]);
        for (int lane = 0; lane < WIDTH; lane++) s2[lane] += double(t2[lane]);
    }
    double count[WIDTH], centre[WIDTH];
    for (int lane = 0; lane < WIDTH; lane++) {
        count[lane] = rows;
        centre[lane] = mean[lane];
        spreads.zeros[lane] -= double(zeros[lane]);
        bool small = sizeof(C) == 4 && s2[lane] < 1e-24 && zeros[lane] != -rows;  // squares are lost
        if (bad[lane] == 0 && finite(mean[lane]) && finite(s2[lane]) && !small) continue;
        double total = 0;
        count[lane] = s1[lane] = s2[lane] = 0;
        for (int row = 0; row < rows; row++) {
            double v = tile.cells[row][lane];
            if (finite(v)) count[lane] += 1, total += v;
        }
        centre[lane] = count[lane] ? total / count[lane] : 0;
        for (int row = 0; row < rows; row++) {
            double v = tile.cells[row][lane], d = v - centre[lane];
            if (finite(v)) s2[lane] += d * d;
        }
        if (lane < width) spreads.bad += rows - count[lane];
    }
    spreads.join(count, centre, s1, s2);
}

// Goes through rows tile by tile, unit block by unit block: take(tile, rows, width) and
// then end(unit, width).
template <class T, class Take, class End> void tiles_of(const Rows& from, Take take, End end) {
    typedef typename Compute<T>::type C;
    constexpr int WIDTH = Tile<C>::WIDTH;
    Tile<C> tile;
    const T* data = static_cast<const T*>(from.view.data);
    const int64_t units = from.unit < 0 ? 1 : from.view.shape[from.unit];
    const int64_t step = from.unit < 0 ? 0 : from.view.step[from.unit];
    const Walk begin(from.view, from.unit);
    const int64_t rows = taken(begin.size, from.stride);
    for (int64_t unit = 0; unit < units; unit += WIDTH) {
        const int width = int(units - unit < WIDTH ? units - unit : WIDTH);
        Walk walk = begin;
        for (int64_t row = 0; row < rows; row += TILE) {
            const int count = int(rows - row < TILE ? rows - row : TILE);
            load<T>(tile, data + unit * step, walk, from.stride, step, width, count);
            take(tile, count, width);
        }
        end(unit, width);
    }
}

template <class T> void take_rows(const Rows& z, const Facts& facts, double* columns) {
    constexpr int WIDTH = Tile<typename Compute<T>::type>::WIDTH;
    const int64_t units = z.unit < 0 ? 1 : z.view.shape[z.unit];
    Lanes<WIDTH> lanes;
    tiles_of<T>(
        z, [&](auto& tile, int rows, int) { take_z(tile, rows, facts, lanes); },
        [&](int64_t unit, int width) {
            for (int which = 0; which < COLUMNS; which++)
                for (int lane = 0; lane < width; lane++)
                    columns[which * units + unit + lane] = lanes.at[which][lane];
            lanes = Lanes<WIDTH>();
        });
}

// `active`: (units,) counts of elements that are not 0 (NaN is not), or null.
template <class T> void take_spread(const Rows& a, double* out, double* active) {
    constexpr int WIDTH = Tile<typename Compute<T>::type>::WIDTH;
    Spreads<WIDTH> spreads;
    double seen = 0;
    tiles_of<T>(
        a,
        [&](auto& tile, int rows, int width) {
            take_a(tile, rows, width, spreads);
            seen += rows;
        },
        [&](int64_t unit, int width) {
            spreads.add_to(out, width);
            for (int lane = 0; active && lane < width; lane++)
                active[unit + lane] = seen - spreads.zeros[lane];
            spreads = Spreads<WIDTH>();
            seen = 0;
        });
}

}  // namespace
}  // namespace stetho
