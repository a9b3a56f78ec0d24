// The kernels, compiled once for each instruction set (ISA).

#include "directions.hpp"
#include "kernels.hpp"
#include "parameters.hpp"
#include "tiles.hpp"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

namespace stetho {
namespace {

void site(const Rows& z, const Rows& a, const View& samples, const Facts& facts, int64_t every,
          int64_t feature_stride, int64_t features, Site out) {
    typed(z.view, [&](auto* data) {
        typedef typename Bare<decltype(data)>::type T;
        take_rows<T>(z, facts, out.columns);
        count_bins<T>(z, every, out.histogram);
    });
    typed(a.view, [&](auto* data) {
        typedef typename Bare<decltype(data)>::type T;
        double* active = facts.known ? nullptr : out.columns + ACTIVE * (z.unit < 0 ? 1 : z.view.shape[z.unit]);
        take_spread<T>(a, out.spread, active);
    });
    if (!features) return;
    typed(samples, [&](auto* data) {
        typedef typename Bare<decltype(data)>::type T;
        add_directions<T>(samples, feature_stride, features, out.directions, out.directed);
    });
}

void spread(const Rows& x, double* out) {
    typed(x.view, [&](auto* data) {
        take_spread<typename Bare<decltype(data)>::type>(x, out, nullptr);
    });
}

void columns(const Rows& x, double* out) {
    const Facts facts = {false, false, -INF, INF, -INF, INF};
    typed(x.view, [&](auto* data) {
        take_rows<typename Bare<decltype(data)>::type>(x, facts, out);
    });
}

void doubles(const View& x, double* out) {
    typed(x, [&](auto* data) {
        Walk walk(x);
        for (int64_t place = 0; place < walk.size; place++) {
            out[place] = number(data[walk.offset]);
            walk.advance(1);
        }
    });
}

}  // namespace

const Kernels* ISA() {
    static const Kernels kernels = {TEXT(ISA), site,     spread, columns,
                                    doubles,   gradient, before, after};
    return &kernels;
}

}  // namespace stetho
