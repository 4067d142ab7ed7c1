// Stands in for the NEON peak loops elsewhere; see ../no_neon.cpp.
#include "kernels/peak/probes.h"

namespace croft {

const PeakProbes& neon_probes() {
  return portable_probes();
}
const PeakProbes& neon_i8mm_probes() {
  return portable_probes();
}

}  // namespace croft
