#include "units.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace stetho {
namespace {

constexpr double NONE = std::numeric_limits<double>::quiet_NaN();
constexpr double INFINITE = std::numeric_limits<double>::infinity();
constexpr double NEARLY_ALL = 0.95;  // `units.NEARLY_ALL`

struct Share {  // of a property among some
    double yes = 0, all = 0;
    void add(bool holds) {
        yes += holds;
        all += 1;
    }
    double value() const { return all ? yes / all : NONE; }
};

// All columns taken as one set of numbers (`Moments.together`), and what was counted.
void site_row(const UnitInput& in, double* out) {
    const int64_t units = in.units;
    auto column = [&](int which) { return in.columns + which * units; };
    double count = 0, sum = 0, m2 = 0, m3 = 0, m4 = 0, low = INFINITE, high = -INFINITE;
    double bad = 0, below = 0, above = 0;
    for (int64_t unit = 0; unit < units; unit++) {
        count += column(COUNT)[unit];
        sum += column(COUNT)[unit] * column(MEAN)[unit];
        low = std::min(low, column(LOW)[unit]);
        high = std::max(high, column(HIGH)[unit]);
        bad += column(NONFINITE)[unit];
        below += column(BELOW)[unit];
        above += column(ABOVE)[unit];
    }
    const double mean = sum / std::max(count, 1.0);
    for (int64_t unit = 0; unit < units; unit++) {
        const double n = column(COUNT)[unit], d = column(MEAN)[unit] - mean;
        const double a2 = column(M2)[unit], a3 = column(M3)[unit];
        m2 += a2 + n * d * d;
        m3 += a3 + 3 * d * a2 + n * d * d * d;
        m4 += column(M4)[unit] + 4 * d * a3 + 6 * d * d * a2 + n * d * d * d * d;
    }
    double square = 0;
    for (int64_t place = 0; place < in.features; place++)
        square += in.directions[place] * in.directions[place];
    const double row[SITE_ROW] = {
        count, mean, m2, m3, m4, low, high, bad, below, above,
        in.spread[S_COUNT], in.spread[S_MEAN], in.spread[S_M2], in.spread[S_NONFINITE],
        in.spread[S_ZEROS], in.directed, square,
    };
    std::copy(row, row + SITE_ROW, out);
}

// Of ascending numbers, between two of them linearly; NaN: there are none.
double quantile(const std::vector<double>& ordered, double share) {
    if (ordered.empty()) return NONE;
    const double place = share * double(ordered.size() - 1);
    const size_t low = size_t(place), high = std::min(low + 1, ordered.size() - 1);
    return ordered[low] + (place - double(low)) * (ordered[high] - ordered[low]);
}

}  // namespace

void feature_row(const double* columns, int64_t units, double* out) {
    double squares = 0, variances = 0, zeros = 0;
    std::vector<double> stds;
    for (int64_t unit = 0; unit < units; unit++) {
        auto column = [&](int which) { return columns[which * units + unit]; };
        const double variance = column(COUNT) > 0 ? column(M2) / column(COUNT) : NONE;
        squares += column(MEAN) * column(MEAN);
        variances += variance;
        if (variance > 0 && std::isfinite(variance)) stds.push_back(std::sqrt(variance));
        zeros += column(LOW) == 0 && column(HIGH) == 0;
    }
    const double spread = std::sqrt(variances / double(units));
    std::sort(stds.begin(), stds.end());
    out[0] = spread > 0 ? std::sqrt(squares / double(units)) / spread : NONE;
    out[1] = quantile(stds, 0.05);
    out[2] = quantile(stds, 0.95);
    out[3] = double(units - int64_t(stds.size())) / double(units);
    out[4] = zeros / double(units);
}

void unit_row(const UnitInput& in, const Facts& facts, double* out) {
    site_row(in, out);
    const int64_t units = in.units;
    double *ever = in.memory, *silent = ever + units, *quiet = silent + units,
           *mean_before = quiet + units;
    const bool first = std::isnan(in.samples_before);
    double rows = 0;
    for (int64_t unit = 0; unit < units; unit++) rows = std::max(rows, in.columns[unit]);
    Share silents, never, dead, dead_by_bias, low_units, high_units, by_bias;
    std::vector<double> quiet_of_dead;
    double means = 0, variances = 0, moves = 0, moving = 0;
    for (int64_t unit = 0; unit < units; unit++) {
        auto column = [&](int which) { return in.columns[which * units + unit]; };
        const double count = column(COUNT), mean = column(MEAN);
        const double variance = count > 0 ? column(M2) / count : NONE;
        const bool is_silent = column(ACTIVE) == 0;
        const bool is_dead = is_silent && (first || silent[unit] != 0);
        const double quiet_now = is_silent ? (first ? 0 : quiet[unit]) + rows : 0;
        if (first) ever[unit] = 0;
        if (!is_silent) ever[unit] = 1;
        silents.add(is_silent);
        never.add(ever[unit] == 0);
        dead.add(is_dead);
        if (is_dead) quiet_of_dead.push_back(quiet_now);
        const double most = NEARLY_ALL * std::max(count, 1.0);
        const bool low = column(BELOW) > most, high = column(ABOVE) > most;
        low_units.add(low);
        high_units.add(high);
        if (in.shift) {
            const double bias = in.shift[unit];
            bool alive = false;
            if (facts.flat_below > -INFINITE)
                alive = alive || (column(HIGH) - bias > facts.flat_below && bias < 0);
            if (facts.flat_above < INFINITE)
                alive = alive || (column(LOW) - bias < facts.flat_above && bias > 0);
            if (is_dead) dead_by_bias.add(alive);
            const double centre = mean - bias;
            bool inside = true;
            if (facts.saturates_below > -INFINITE) inside = inside && centre > facts.saturates_below;
            if (facts.saturates_above < INFINITE) inside = inside && centre < facts.saturates_above;
            if (low || high) by_bias.add(inside);
        }
        means += mean * mean;
        variances += std::isnan(variance) ? NONE : std::max(variance, 0.0);
        if (!first && variance > 0) {
            const double move = mean - mean_before[unit];
            moves += move * move / variance;
            moving += 1;
        }
        silent[unit] = is_silent;
        quiet[unit] = quiet_now;
        mean_before[unit] = mean;
    }
    double middle = 0;
    if (!quiet_of_dead.empty()) {
        auto place = quiet_of_dead.begin() + (quiet_of_dead.size() - 1) / 2;
        std::nth_element(quiet_of_dead.begin(), place, quiet_of_dead.end());
        middle = *place;
    }
    const double row[UNIT_ROW] = {
        units ? rows : in.samples,
        silents.value(),
        never.value(),
        middle,
        dead.value(),
        dead_by_bias.value(),
        low_units.value(),
        high_units.value(),
        by_bias.value(),
        std::sqrt(means / double(units)),
        std::sqrt(variances / double(units)),
        first ? NONE : std::sqrt(moves / std::max(moving, 1.0)),
        first ? NONE : std::sqrt(1 / in.samples + 1 / in.samples_before),
    };
    std::copy(row, row + UNIT_ROW, out + SITE_ROW);
}

}  // namespace stetho
