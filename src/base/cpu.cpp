#include "base/cpu.h"

#include <array>
#include <cstdlib>
#include <fstream>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace croft {
namespace {

constexpr std::array kAll = {Isa::Portable, Isa::Avx2, Isa::Avx512,  Isa::Avx512Vnni,
                             Isa::Amx,      Isa::Neon, Isa::NeonI8mm};

#if defined(__x86_64__)
/// Whether there are matrix tiles for INT8 and BF16 and the system lets this process use them.
bool may_use_tiles() {
#if defined(__linux__)
  static const bool usable = [] {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
    constexpr unsigned bf16_tile_int8 = 1u << 22 | 1u << 24 | 1u << 25;
    if ((edx & bf16_tile_int8) != bf16_tile_int8) return false;
    // Linux grants the 8 KiB of tile state on request only, for the whole process.
    constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr long tile_data = 18;               // XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
  }();
  return usable;
#else
  return false;
#endif
}

bool has_instructions(Isa isa) {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq");
  if (isa == Isa::Avx2) return avx2;
  if (isa == Isa::Avx512) return avx512;
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  if (isa == Isa::Avx512Vnni) return vnni;
  return isa == Isa::Amx && vnni && __builtin_cpu_supports("avx512bf16") && may_use_tiles();
}
#elif defined(__aarch64__) && defined(__linux__)
bool has_instructions(Isa isa) {
  const unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  const bool neon = (first & HWCAP_ASIMD) != 0 && (first & HWCAP_ASIMDDP) != 0;
  if (isa == Isa::Neon) return neon;
  return isa == Isa::NeonI8mm && neon && (second & HWCAP2_I8MM) != 0;
}
#else
bool has_instructions(Isa) {
  return false;
}
#endif

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
    case Isa::Amx:
      return "amx";
    case Isa::Neon:
      return "neon";
    case Isa::NeonI8mm:
      return "neon-i8mm";
  }
  return "unknown";
}

bool cpu_supports(Isa isa) {
  return isa == Isa::Portable || has_instructions(isa);
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
