// Instruction sets that this build has no kernels for.
#include "kernels.hpp"

#ifndef X86
namespace stetho {
const Kernels* avx2() { return nullptr; }
const Kernels* avx512() { return nullptr; }
}  // namespace stetho
#endif
