// The columns of one site, probe after probe → the numbers of its row.
#pragma once

#include "kernels.hpp"

namespace stetho {

constexpr int SITE_ROW = 17;  // `site.ROW`
constexpr int UNIT_ROW = 13;  // `units.FIELDS`

struct UnitInput {
    const double* columns;
    int64_t units;
    const double* spread;      // of a, (SPREAD,)
    const double* directions;  // (features,)
    int64_t features;
    double directed;
    double samples, samples_before;  // the latter NaN: there was no probe before
    const double* shift;             // (units,), or null
    double* memory;                  // (4, units): ever, silent, quiet rows, mean; changed
};

constexpr int FEATURE_ROW = 5;  // `layers.FEATURES`

// `columns`: (MOMENTS, units).
void feature_row(const double* columns, int64_t units, double* out);

void unit_row(const UnitInput& in, const Facts& facts, double* out);

}  // namespace stetho
