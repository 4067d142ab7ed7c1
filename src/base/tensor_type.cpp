#include "base/tensor_type.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/checked.h"

namespace croft {
namespace {

constexpr std::array<TensorTypeTraits, 15> kTypes = {{
    {TensorType::F32, "F32", 1, 4},
    {TensorType::F16, "F16", 1, 2},
    {TensorType::Q4_0, "Q4_0", 32, 18},
    {TensorType::Q4_1, "Q4_1", 32, 20},
    {TensorType::Q5_0, "Q5_0", 32, 22},
    {TensorType::Q5_1, "Q5_1", 32, 24},
    {TensorType::Q8_0, "Q8_0", 32, 34},
    {TensorType::Q2_K, "Q2_K", 256, 84},
    {TensorType::Q3_K, "Q3_K", 256, 110},
    {TensorType::Q4_K, "Q4_K", 256, 144},
    {TensorType::Q5_K, "Q5_K", 256, 176},
    {TensorType::Q6_K, "Q6_K", 256, 210},
    {TensorType::IQ4_NL, "IQ4_NL", 32, 18},
    {TensorType::IQ4_XS, "IQ4_XS", 256, 136},
    {TensorType::BF16, "BF16", 1, 2},
}};

struct ForeignType {
  std::uint32_t number;
  std::string_view name;
};
// Assigned in GGUF but not read by Croft: named so that the error can say what the file holds.
constexpr std::array<ForeignType, 18> kForeign = {{
    {9, "Q8_1"},
    {15, "Q8_K"},
    {16, "IQ2_XXS"},
    {17, "IQ2_XS"},
    {18, "IQ3_XXS"},
    {19, "IQ1_S"},
    {21, "IQ3_S"},
    {22, "IQ2_S"},
    {24, "I8"},
    {25, "I16"},
    {26, "I32"},
    {27, "I64"},
    {28, "F64"},
    {29, "IQ1_M"},
    {34, "TQ1_0"},
    {35, "TQ2_0"},
    {39, "MXFP4"},
    {40, "NVFP4"},
}};

}  // namespace

const TensorTypeTraits* find_tensor_type(std::uint32_t gguf_type) {
  const auto it = std::ranges::find(kTypes, gguf_type, [](const TensorTypeTraits& t) {
    return static_cast<std::uint32_t>(t.type);
  });
  return it == kTypes.end() ? nullptr : &*it;
}

const TensorTypeTraits& traits(TensorType type) {
  const TensorTypeTraits* found = find_tensor_type(static_cast<std::uint32_t>(type));
  CHECK(found != nullptr);
  return *found;
}

std::string_view tensor_type_name_or_empty(std::uint32_t gguf_type) {
  if (const TensorTypeTraits* known = find_tensor_type(gguf_type)) return known->name;
  const auto it = std::ranges::find(kForeign, gguf_type, &ForeignType::number);
  return it == kForeign.end() ? std::string_view{} : it->name;
}

std::optional<std::uint64_t> row_bytes(TensorType type, std::uint64_t elements) {
  const TensorTypeTraits& t = traits(type);
  if (elements % t.block_size != 0) return std::nullopt;
  return checked_mul<std::uint64_t>(elements / t.block_size, t.block_bytes);
}

}  // namespace croft
