// Stands in for the x86 peak loops elsewhere; see ../no_x86.cpp.
#include "kernels/peak/probes.h"

namespace croft {

const PeakProbes& avx2_probes() {
  return portable_probes();
}
const PeakProbes& avx512_probes() {
  return portable_probes();
}
const PeakProbes& avx512vnni_probes() {
  return portable_probes();
}
bool has_matrix_tiles() {
  return false;
}
std::span<const ArithmeticProbe> tile_probes() {
  return {};
}

}  // namespace croft
