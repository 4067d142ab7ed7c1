#pragma once
/// Heads become integers, and stored heads take their place in a block (kv_blocks.h), for any
/// backend of lanes.
///
/// All arithmetic is elementwise or a sum of 16 lanes in one order, each operation rounded on its
/// own, so that every instruction set stores the same bits.

#include <cstddef>
#include <cstdint>

#include "base/limits.h"
#include "kernels/attention_items.h"

#define CROFT_INLINE inline __attribute__((always_inline))

namespace croft {

template <typename L>
struct KvStore {
  using I = typename L::I;
  using F = typename L::F;
  static constexpr std::size_t parts = 16 / L::width;
  /// Below, the inverse of the scale could overflow.
  static constexpr float peak_min = 0x1p-100f;

  struct Scaling {
    float scale;    ///< of one step; 0 for a head of nothing, no number where an element is none
    float inverse;  ///< what elements are multiplied with; 0 in both cases
  };

  /// `size` is a multiple of 16. The largest magnitude comes to peak_max at most, the norm to
  /// norm_max.
  static Scaling scaling_of(const float* x, std::size_t size, float peak_max, float norm_max) {
    F peaks[parts], squares[parts];
    for (std::size_t p = 0; p < parts; ++p) peaks[p] = squares[p] = L::set(0.0f);
    for (std::size_t i = 0; i < size; i += 16)
      for (std::size_t p = 0; p < parts; ++p)
        peaks[p] = L::max(L::abs(L::load(x + i + p * L::width)), peaks[p]);
    const float peak = L::reduce_max(peaks);
    const bool tiny = peak < peak_min;
    const F inverse = L::set(tiny ? 1.0f : 1.0f / peak);
    for (std::size_t i = 0; i < size; i += 16)
      for (std::size_t p = 0; p < parts; ++p) {
        const F y = L::mul(L::load(x + i + p * L::width), inverse);
        squares[p] = L::add(squares[p], L::mul(y, y));
      }
    const float sum = L::reduce_add(squares);
    // An infinity times 0 is no number, which no comparison accepts.
    if (!(sum < 1e6f)) return {__builtin_nanf(""), 0.0f};
    if (tiny) return {0.0f, 0.0f};
    const float by_norm = norm_max / __builtin_sqrtf(sum);
    const float limit = by_norm < peak_max ? by_norm : peak_max;
    return {peak / limit, limit / peak};
  }

  /// `size` is a multiple of 16; the padding of a shorter head must be 0.
  static float quantize(const float* x, std::size_t size, std::int16_t* out) {
    const Scaling scaling = scaling_of(x, size, attention_peak_max, attention_norm_max);
    const F inverse = L::set(scaling.inverse);
    const auto quants = [&](std::size_t i) {
      return scaling.inverse == 0.0f ? L::zero_ints() : L::to_int(L::mul(L::load(x + i), inverse));
    };
    std::size_t i = 0;
    for (; i + 2 * L::width <= size; i += 2 * L::width)
      L::store_halves(out + i, quants(i), quants(i + L::width));
    if (i < size) {  // 16 lanes left where a register has 16
      alignas(64) std::int16_t both[2 * L::width];
      L::store_halves(both, quants(i), L::zero_ints());
      __builtin_memcpy(out + i, both, L::width * sizeof(std::int16_t));
    }
    return scaling.scale;
  }

  /// The head at `x`, or its copy in `padded` where its size is no multiple of 16.
  static const float* padded_head(const float* x, std::size_t size, float* padded) {
    if (size % 16 == 0) return x;
    for (std::size_t i = 0; i < size; ++i) padded[i] = x[i];
    for (std::size_t i = size; i % 16 != 0; ++i) padded[i] = 0.0f;
    return padded;
  }

  static void store(const KvStoreItem& item) {
    if (item.layout.form == KvForm::Floats) {
      store_floats(item);
      return;
    }
    alignas(64) float padded[limits::head_size_max];
    for (std::size_t i = 0; i < item.count; ++i) {
      const std::size_t size = item.layout.head_size;
      const std::size_t position = item.position + i;
      const float* key = padded_head(item.keys + i * item.key_stride, size, padded);
      if (item.layout.form == KvForm::Bits16)
        store_key_16(item, key, position);
      else
        store_key_8(item, key, position);
      const float* value = padded_head(item.values + i * item.value_stride, size, padded);
      if (item.layout.form == KvForm::Bits16)
        store_value_16(item, value, position);
      else
        store_value_8(item, value, position);
    }
  }

 private:
  static float* floats(std::byte* p) { return reinterpret_cast<float*>(p); }

  static void store_floats(const KvStoreItem& item) {
    const std::size_t size = item.layout.padded_size();
    float* keys = floats(item.block) + item.position * size;
    float* values = floats(item.block + item.layout.values()) + item.position * size;
    for (std::size_t p = 0; p < item.count; ++p)
      for (std::size_t i = 0; i < size; ++i) {
        const bool inside = i < item.layout.head_size;
        keys[p * size + i] = inside ? item.keys[p * item.key_stride + i] : 0.0f;
        values[p * size + i] = inside ? item.values[p * item.value_stride + i] : 0.0f;
      }
  }

  static void store_key_16(const KvStoreItem& item, const float* key, std::size_t position) {
    const std::size_t size = item.layout.padded_size();
    alignas(64) std::int16_t quants[limits::head_size_max];
    floats(item.block + item.layout.key_scales())[position] = quantize(key, size, quants);
    std::byte* out = item.block + position * 4;
    for (std::size_t i = 0; i < size; i += 2)
      __builtin_memcpy(out + i / 2 * kv_block_positions * 4, quants + i, 4);
  }

  static void store_value_16(const KvStoreItem& item, const float* value, std::size_t position) {
    const std::size_t size = item.layout.padded_size();
    const Scaling scaling = scaling_of(value, size, attention_peak_max, 1e9f);
    // A weight meets the scale as an integer: an infinite one stays visible, no number would not.
    floats(item.block + item.layout.value_scales())[position] =
        scaling.scale == scaling.scale ? scaling.scale : __builtin_inff();
    const F inverse = L::set(scaling.inverse);
    std::byte* out = item.block + item.layout.values() + position / 2 * size * 4;
    for (std::size_t i = 0; i < size; i += L::width) {
      const I quants =
          scaling.inverse == 0.0f ? L::zero_ints() : L::to_int(L::mul(L::load(value + i), inverse));
      // The first of a pair clears the second: reading what nobody wrote would make the system
      // back the page twice.
      L::store_ints(out + 4 * i, position % 2 == 0
                                     ? L::low_halves(quants)
                                     : L::or_bits(L::low_halves(L::load_ints(out + 4 * i)),
                                                  L::to_high_halves(quants)));
    }
  }

  /// Elements [begin, begin + 32) or fewer of a head as bytes times a factor, which it returns.
  static std::uint8_t quantize_8(const float* x, std::size_t count, const Scaling& scaling,
                                 std::int8_t* out) {
    float peak = 0.0f;
    for (std::size_t i = 0; i < count; ++i) {
      const float level = x[i] * scaling.inverse;
      const float magnitude = level < 0.0f ? -level : level;
      peak = magnitude > peak ? magnitude : peak;
    }
    if (scaling.inverse == 0.0f) peak = 0.0f;
    int factor = static_cast<int>(peak / 127.0f);
    if (static_cast<float>(factor) * 127.0f < peak) ++factor;
    factor = factor < 1 ? 1 : factor > 255 ? 255 : factor;
    const float inverse = 1.0f / static_cast<float>(factor);
    constexpr float magic = 0x1.8p23f;  // beyond 2^23 a float has no fraction: the addition rounds
    for (std::size_t i = 0; i < count; ++i) {
      const float level =
          scaling.inverse == 0.0f ? 0.0f : x[i] * scaling.inverse * inverse + magic - magic;
      out[i] = static_cast<std::int8_t>(level < -127.0f  ? -127.0f
                                        : level > 127.0f ? 127.0f
                                                         : level);
    }
    return static_cast<std::uint8_t>(factor);
  }

  static void store_key_8(const KvStoreItem& item, const float* key, std::size_t position) {
    const std::size_t size = item.layout.padded_size();
    const Scaling scaling = scaling_of(key, size, attention_peak_max_8bit, attention_norm_max_8bit);
    floats(item.block + item.layout.key_scales())[position] = scaling.scale;
    std::byte* factors = item.block + item.layout.key_factors() + position;
    std::byte* out = item.block + position * 2;
    for (std::size_t begin = 0; begin < size; begin += kv_factor_elements) {
      const std::size_t count =
          size - begin < kv_factor_elements ? size - begin : kv_factor_elements;
      std::int8_t quants[kv_factor_elements];
      factors[begin / kv_factor_elements * kv_block_positions] =
          static_cast<std::byte>(quantize_8(key + begin, count, scaling, quants));
      for (std::size_t i = 0; i < count; i += 2)
        __builtin_memcpy(out + (begin + i) / 2 * kv_block_positions * 2, quants + i, 2);
    }
  }

  static void store_value_8(const KvStoreItem& item, const float* value, std::size_t position) {
    const std::size_t size = item.layout.padded_size();
    const Scaling scaling = scaling_of(value, size, attention_peak_max_8bit, 1e9f);
    floats(item.block + item.layout.value_scales())[position] =
        scaling.scale == scaling.scale ? scaling.scale : __builtin_inff();
    std::byte* factors = item.block + item.layout.value_factors() + position;
    std::byte* out = item.block + item.layout.values() + position / 2 * size * 2 + position % 2;
    for (std::size_t begin = 0; begin < size; begin += kv_factor_elements) {
      const std::size_t count =
          size - begin < kv_factor_elements ? size - begin : kv_factor_elements;
      std::int8_t quants[kv_factor_elements];
      factors[begin / kv_factor_elements * kv_block_positions] =
          static_cast<std::byte>(quantize_8(value + begin, count, scaling, quants));
      for (std::size_t i = 0; i < count; ++i)
        out[(begin + i) * 2] = static_cast<std::byte>(quants[i]);
    }
  }
};

}  // namespace croft
