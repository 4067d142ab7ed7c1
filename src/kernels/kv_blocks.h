#pragma once
/// How keys and values are kept for attention: as integers, in the order in which products read
/// them.
///
/// A block holds 64 consecutive positions of one head. Elements are 16-bit integers with one scale
/// per position; of the 8-bit form every 32 of them also share a whole factor (1..255), so that
/// both forms are integers of at most 16 bits times a scale. Sums of their products are exact in 32
/// bits, which is why every instruction set, every batch and every order of work gives the same
/// bits. docs/adr/0005-integer-attention.md has the reasons, the bounds and the figures.
///
/// Both matrices of a block have rows of pairs, the two numbers that one multiply-add instruction
/// takes together:
///   keys    [elements / 2][64 positions][2 elements]
///   values  [64 positions / 2][elements][2 positions]
/// Elements are padded with zeros to a multiple of 16.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/cpu.h"
#include "base/tensor_type.h"
#include "base/thread_pool.h"
#include "base/view.h"

namespace croft {

inline constexpr std::size_t kv_block_positions = 64;

/// Norms in integers. Rounding adds half of sqrt(4096) elements at most, 32, and to the 8-bit form,
/// whose steps are factors, sqrt(8) * (45000 / 127 + sqrt(128 factors)) < 1035. A product of a
/// query and a key is therefore below 46032 * 46035 < 2^31.
inline constexpr float attention_norm_max = 46000.0f;
inline constexpr float attention_norm_max_8bit = 45000.0f;
inline constexpr float attention_peak_max = 32767.0f;
inline constexpr float attention_peak_max_8bit = 127.0f * 255.0f;
/// Elements that share a factor in the 8-bit form.
inline constexpr std::size_t kv_factor_elements = 32;

/// Floats are exact and several times slower: keys and values [64 positions][elements].
enum class KvForm : std::uint8_t { Bits16, Bits8, Floats };

/// F32 asks for floats and Q8_0 for 8 bits. F16 and BF16 both mean 16 bits, whose step is a 46000th
/// of a key's norm: finer than either for all but a head's smallest elements.
[[nodiscard]] constexpr KvForm kv_form(TensorType type) {
  if (type == TensorType::F32) return KvForm::Floats;
  return type == TensorType::Q8_0 ? KvForm::Bits8 : KvForm::Bits16;
}
/// Of an element, scales aside.
[[nodiscard]] constexpr std::size_t kv_element_bytes(KvForm form) {
  return form == KvForm::Floats ? 4 : form == KvForm::Bits16 ? 2 : 1;
}

/// The layout of a page, 64 positions of all heads in one layer: head h begins at h *
/// block_bytes().
struct KvLayout {
  KvForm form = KvForm::Bits16;
  std::size_t head_count = 0;  ///< heads of keys and values
  std::size_t head_size = 0;   ///< at most limits::head_size_max

  [[nodiscard]] constexpr std::size_t padded_size() const { return (head_size + 15) / 16 * 16; }
  [[nodiscard]] constexpr std::size_t matrix_bytes() const {
    return kv_block_positions * padded_size() * kv_element_bytes(form);
  }
  [[nodiscard]] constexpr std::size_t values() const { return matrix_bytes(); }
  [[nodiscard]] constexpr std::size_t key_scales() const { return 2 * matrix_bytes(); }
  [[nodiscard]] constexpr std::size_t value_scales() const {
    return key_scales() + kv_block_positions * sizeof(float);
  }
  /// [elements / 32][64 positions] bytes; of the 8-bit form only.
  [[nodiscard]] constexpr std::size_t key_factors() const {
    return value_scales() + kv_block_positions * sizeof(float);
  }
  [[nodiscard]] constexpr std::size_t factor_bytes() const {
    if (form != KvForm::Bits8) return 0;
    return (padded_size() + kv_factor_elements - 1) / kv_factor_elements * kv_block_positions;
  }
  [[nodiscard]] constexpr std::size_t value_factors() const {
    return key_factors() + factor_bytes();
  }
  /// A multiple of 64.
  [[nodiscard]] constexpr std::size_t block_bytes() const {
    return value_factors() + factor_bytes();
  }
  /// 64 positions of all heads.
  [[nodiscard]] constexpr std::size_t page_bytes() const { return head_count * block_bytes(); }
};

/// Pages that hold so many positions.
[[nodiscard]] constexpr std::size_t kv_page_count(std::size_t positions) {
  return (positions + kv_block_positions - 1) / kv_block_positions;
}

/// Where a sequence's pages of one layer lie: positions 64 p.. begin at pages[p] + offset. Every
/// page is aligned to 64 bytes; what no position was stored in may hold anything.
struct KvPages {
  std::byte* const* pages = nullptr;
  std::size_t offset = 0;  ///< of the layer, the same in every page
};

/// Consecutive rows of a batch that extend one sequence.
struct KvRun {
  KvPages kv;
  std::size_t position = 0;   ///< of the first row
  std::size_t first_row = 0;  ///< in the batch
  std::size_t count = 0;
};

/// Stores rows of keys and values [rows, head_count * head_size] at their positions. Positions
/// after the last stored one of a page lose their contents: pages are filled in order. What holds
/// an infinity or no number makes every result that sees it infinite or no number.
///
/// Requires: no two runs share a page that one of them writes. Threads: splits (run, head, block)
/// over `pool`.
void store_kv(const KvLayout& layout, std::span<const KvRun> runs, MatrixView<const float> keys,
              MatrixView<const float> values, Isa isa, ThreadPool& pool);

}  // namespace croft
