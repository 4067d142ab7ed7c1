#pragma once
/// What this processor can do, and which instruction set Croft uses.

#include <string>
#include <string_view>

#include "base/error.h"

namespace croft {

/// Instruction sets with kernels of their own, weakest first.
enum class Isa : unsigned char { Portable, Avx2, Avx512, Avx512Vnni, Amx, Neon, NeonI8mm };

/// "portable", "avx2", "avx512", "avx512vnni", "amx", "neon" (with dot products), "neon-i8mm".
[[nodiscard]] std::string_view isa_name(Isa isa);
[[nodiscard]] bool cpu_supports(Isa isa);
[[nodiscard]] Isa best_isa();
/// CROFT_ISA if set (an unknown or unsupported name is InvalidArgument naming the choices), else
/// best_isa().
Result<Isa> chosen_isa();
/// Model name from the operating system, e.g. "Intel(R) Xeon(R) Processor"; empty where unknown.
[[nodiscard]] std::string cpu_model_name();

}  // namespace croft
