#include "kernels/packed_layout.h"

#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace croft {
namespace {

/// Bit 4s + b of a word goes to bit s of byte b: a shift by s then lines the four values of depth
/// step s up with the four bytes of a register's word.
std::uint32_t group_fifth_bits(std::uint32_t word) {
  std::uint32_t out = 0;
  for (unsigned step = 0; step < 8; ++step) {
    const std::uint32_t four = word >> (4 * step) & 15u;
    out |= (four * 0x00204081u & 0x01010101u) << step;
  }
  return out;
}

std::uint32_t ungroup_fifth_bits(std::uint32_t word) {
  std::uint32_t out = 0;
  for (unsigned step = 0; step < 8; ++step)
    for (unsigned b = 0; b < 4; ++b) out |= (word >> (8 * b + step) & 1u) << (4 * step + b);
  return out;
}

std::uint32_t load_word(const std::byte* p) {
  std::uint32_t word = 0;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

struct Fields {
  explicit Fields(const PackedFormat& format)
      : file_halves(format.halves_last ? 4 * format.words : 0),
        file_words(format.halves_last ? 0 : 2 * format.halves),
        record_words(strip_rows * 2 * format.halves),
        block_bytes(2 * format.halves + 4 * format.words) {}

  std::size_t file_halves;
  std::size_t file_words;
  std::size_t record_words;
  std::size_t block_bytes;
};

}  // namespace

const PackedFormat* packed_format(TensorType type) {
  static constexpr PackedFormat q4_0{1, 4, false, false}, q4_1{2, 4, false, false},
      q5_0{1, 5, false, true}, q5_1{2, 5, false, true}, q8_0{1, 8, false, false},
      q2_k{2, 20, true, false}, q3_k{1, 27, true, false}, q4_k{2, 35, false, false},
      q5_k{2, 43, false, false}, q6_k{1, 52, true, false}, iq4_xs{2, 33, false, false};
  switch (type) {
    case TensorType::Q4_0:
    case TensorType::IQ4_NL:
      return &q4_0;
    case TensorType::Q4_1:
      return &q4_1;
    case TensorType::Q5_0:
      return &q5_0;
    case TensorType::Q5_1:
      return &q5_1;
    case TensorType::Q8_0:
      return &q8_0;
    case TensorType::Q2_K:
      // The file has scales, quants, then the two 16-bit factors.
      return &q2_k;
    case TensorType::Q3_K:
      return &q3_k;
    case TensorType::Q4_K:
      return &q4_k;
    case TensorType::Q5_K:
      return &q5_k;
    case TensorType::Q6_K:
      return &q6_k;
    case TensorType::IQ4_XS:
      return &iq4_xs;
    case TensorType::F32:
    case TensorType::F16:
    case TensorType::BF16:
      return nullptr;
  }
  return nullptr;
}

void pack_strip(TensorType type, std::size_t cols, std::span<const std::byte> source,
                std::span<std::byte> out) {
  const PackedFormat* format = packed_format(type);
  CHECK(format != nullptr);
  const Fields fields(*format);
  const std::size_t blocks = cols / traits(type).block_size;
  const std::size_t row_size = blocks * fields.block_bytes;
  CHECK(source.size() == strip_rows * row_size && out.size() == source.size());
  std::byte* record = out.data();
  for (std::size_t b = 0; b < blocks; ++b, record += format->record_bytes()) {
    for (std::size_t r = 0; r < strip_rows; ++r) {
      const std::byte* block = source.data() + r * row_size + b * fields.block_bytes;
      for (std::size_t f = 0; f < format->halves; ++f)
        std::memcpy(record + 32 * f + 2 * r, block + fields.file_halves + 2 * f, 2);
      std::byte* words = record + fields.record_words + 4 * r;
      for (std::size_t w = 0; w < format->words; ++w)
        std::memcpy(words + 64 * w, block + fields.file_words + 4 * w, 4);
      if (format->fifth_bits) {
        const std::uint32_t bits = group_fifth_bits(load_word(words));
        std::memcpy(words, &bits, sizeof(bits));
      }
    }
  }
}

void unpack_row(TensorType type, std::size_t cols, std::span<const std::byte> strip,
                std::size_t row, std::span<std::byte> out) {
  const PackedFormat* format = packed_format(type);
  CHECK(format != nullptr && row < strip_rows);
  const Fields fields(*format);
  const std::size_t blocks = cols / traits(type).block_size;
  CHECK(out.size() == blocks * fields.block_bytes && strip.size() == strip_rows * out.size());
  const std::byte* record = strip.data();
  std::byte* block = out.data();
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t f = 0; f < format->halves; ++f)
      std::memcpy(block + fields.file_halves + 2 * f, record + 32 * f + 2 * row, 2);
    for (std::size_t w = 0; w < format->words; ++w)
      std::memcpy(block + fields.file_words + 4 * w,
                  record + fields.record_words + 64 * w + 4 * row, 4);
    if (format->fifth_bits) {
      const std::uint32_t bits = ungroup_fifth_bits(load_word(block + fields.file_words));
      std::memcpy(block + fields.file_words, &bits, sizeof(bits));
    }
    record += format->record_bytes();
    block += fields.block_bytes;
  }
}

}  // namespace croft
