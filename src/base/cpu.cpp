#include "base/cpu.h"

#include <array>
#include <cstdlib>
#include <fstream>

namespace croft {
namespace {

constexpr std::array<Isa, 4> kAll = {Isa::Portable, Isa::Avx2, Isa::Avx512, Isa::Avx512Vnni};

}  // namespace

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::Portable:
      return "portable";
    case Isa::Avx2:
      return "avx2";
    case Isa::Avx512:
      return "avx512";
    case Isa::Avx512Vnni:
      return "avx512vnni";
  }
  return "unknown";
}

bool cpu_supports(Isa isa) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq");
  switch (isa) {
    case Isa::Portable:
      return true;
    case Isa::Avx2:
      return avx2;
    case Isa::Avx512:
      return avx512;
    case Isa::Avx512Vnni:
      return avx512 && __builtin_cpu_supports("avx512vnni");
  }
  return false;
#else
  return isa == Isa::Portable;
#endif
}

Isa best_isa() {
  Isa best = Isa::Portable;
  for (const Isa isa : kAll)
    if (cpu_supports(isa)) best = isa;
  return best;
}

Result<Isa> chosen_isa() {
  const char* wanted = std::getenv("CROFT_ISA");
  if (wanted == nullptr || *wanted == '\0') return best_isa();
  std::string choices;
  for (const Isa isa : kAll) {
    if (isa_name(isa) == wanted) {
      if (cpu_supports(isa)) return isa;
      return fail(ErrorCode::Unsupported,
                  "CROFT_ISA=" + std::string(wanted) + ": this processor lacks it",
                  "Unset CROFT_ISA to use " + std::string(isa_name(best_isa())) + ".");
    }
    choices += (choices.empty() ? "" : ", ") + std::string(isa_name(isa));
  }
  return fail(ErrorCode::InvalidArgument, "CROFT_ISA=" + std::string(wanted) + " is unknown",
              "Choose one of " + choices + ".");
}

std::string cpu_model_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

}  // namespace croft
