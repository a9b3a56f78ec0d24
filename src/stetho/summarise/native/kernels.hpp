// What the kernels take and give. Every array is checked by core.cpp before a kernel sees it.
#pragma once

#include <cstdint>

namespace stetho {

constexpr int MAX_AXES = 16;
constexpr int BINS = 81;             // record.HISTOGRAM_BINS
constexpr int OCTAVES = 10;          // record.HISTOGRAM_OCTAVES
constexpr int64_t MOST_FEATURES = 2048;  // of a sample, in its direction

enum class Kind : int { float32, float64, bfloat16, float16 };

// A tensor: where it lies, its axes, and its steps from one index to the next in elements.
struct View {
    const void* data;
    Kind kind;
    int axes;
    int64_t shape[MAX_AXES];
    int64_t step[MAX_AXES];
};

// A tensor as rows of units: the axis `unit` counts units, of all other indices every `stride`-th.
struct Rows {
    View view;
    int unit;  // -1: every element is a row
    int64_t stride;
};

// Where an activation function is flat or saturated; infinite where it is not.
struct Facts {
    bool known;
    bool flat;  // whether there is a flat side at all
    double flat_below, flat_above;
    double saturates_below, saturates_above;
};

// What becomes of one site; float64. Columns are (11, units): count, mean, m2, m3, m4, low, high,
// nonfinite, active, saturated low, saturated high.
enum Column { COUNT, MEAN, M2, M3, M4, LOW, HIGH, NONFINITE, ACTIVE, BELOW, ABOVE, COLUMNS };
constexpr int MOMENTS = ACTIVE;  // of them

struct Site {
    double* columns;
    double* spread;      // (5,): count, mean, m2, nonfinite and zeros of a
    double* histogram;   // (BINS,)
    double* directions;  // (features,)
    double* directed;    // (1,)
};

enum Spread { S_COUNT, S_MEAN, S_M2, S_NONFINITE, S_ZEROS, SPREAD };
enum Gradient { G_COUNT, G_SQUARES, G_HIGH, G_ZEROS, G_NONFINITE, GRADIENT };
enum Parameter {
    P_ENTRIES, P_SQUARES, P_NONFINITE, P_OTHERS, P_ALIKE,                    // of its value
    P_GRADIENTS, P_GRADIENT_NONFINITE, P_ROWS, P_ONE_SIGN, P_BALANCE,        // of its gradient
    P_LEFT, P_UPDATES, P_PRODUCT, P_LAST, PARAMETER
};

struct Kernels {
    const char* name;
    // `counted`: of z every how many elements the histogram counts one; `feature_stride`: the same
    // for the features of `samples`, which is a, or what was taken of it.
    void (*site)(const Rows& z, const Rows& a, const View& samples, const Facts&, int64_t counted,
                 int64_t feature_stride, int64_t features, Site out);
    void (*spread)(const Rows& x, double* out);
    void (*columns)(const Rows& x, double* out);  // as a site's
    void (*doubles)(const View& x, double* out);  // all its numbers
    void (*gradient)(const Rows& g, double scale, double* out);
    // Of a parameter, every `stride`-th index of its first axis; g.data is null where it has none.
    void (*before)(const View& w, const View& g, int64_t stride, void* sample, double* out);
    void (*after)(const View& w, int64_t stride, const void* sample, const void* last,
                  void* update, double* out);
};

const Kernels* plain();
const Kernels* avx2();    // null where this build has none
const Kernels* avx512();

}  // namespace stetho
