// The kernels, compiled once for each instruction set (ISA).

#include "directions.hpp"
#include "kernels.hpp"
#include "parameters.hpp"
#include "tiles.hpp"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

namespace stetho {
namespace {

void site(const Rows& z, const Rows& a, const Facts& facts, int64_t every, int64_t feature_stride,
          int64_t features, Site out) {
    typed(z.view, [&](auto* data) {
        typedef typename Bare<decltype(data)>::type T;
        take_rows<T>(z, facts, out.columns);
        count_bins<T>(z, every, out.histogram);
    });
    typed(a.view, [&](auto* data) {
        typedef typename Bare<decltype(data)>::type T;
        double* active = facts.known ? nullptr : out.columns + ACTIVE * (z.unit < 0 ? 1 : z.view.shape[z.unit]);
        take_spread<T>(a, out.spread, active);
        if (features)
            add_directions<T>(a.view, feature_stride, features, out.directions, out.directed);
    });
}

void spread(const Rows& x, double* out) {
    typed(x.view, [&](auto* data) {
        take_spread<typename Bare<decltype(data)>::type>(x, out, nullptr);
    });
}

}  // namespace

const Kernels* ISA() {
    static const Kernels kernels = {TEXT(ISA), site, spread, gradient, before, after};
    return &kernels;
}

}  // namespace stetho
