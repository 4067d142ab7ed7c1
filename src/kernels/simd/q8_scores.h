#pragma once
/// score_q8_reference for x86: a lane per key, so that no sum runs across lanes.
///
/// The 32 quants of as many keys as there are lanes are turned on their side (a register then holds
/// elements 4d..4d+3 of every key) and widened to 16 bits; that work serves all queries. A pair of
/// query elements, broadcast from memory, then meets all keys in one instruction.
///
/// `Set` names the lanes, `Set::add_products` the instruction. All are templates over it: no
/// function compiled here for one instruction set can stand in for another's at link time.

#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/q8_scores.h"

namespace croft {

template <typename Set>
struct Q8Scores {
  using Ints = typename Set::Ints;
  using Floats = typename Set::Floats;
  static constexpr std::size_t lanes = Set::lanes;
  static constexpr std::size_t pairs = q8_block_values / 2;
  /// Queries that pass together: two chains of sums each hide the 5 cycles of an integer product,
  /// and with 16 registers of keys they fit into 32.
  static constexpr std::size_t queries_at_once = 4;

  static Ints query_pair(const std::int16_t* p) {
    int bits;
    __builtin_memcpy(&bits, p, sizeof(bits));
    return Set::set1(bits);
  }

  /// Adds block b of T queries from `first` to their scores.
  template <std::size_t T>
  static void add_block(const Ints (&keys)[pairs], Floats key_scales,
                        const QuantizedQueries& queries, std::size_t first, std::size_t b,
                        float* out, std::size_t out_stride) {
    const std::int16_t* quants[T];
    Ints sum[T][2];
    for (std::size_t t = 0; t < T; ++t) {
      quants[t] = queries.quants + ((first + t) * queries.blocks + b) * q8_block_values;
      sum[t][0] = sum[t][1] = Set::set1(0);
    }
#pragma GCC unroll 8
    for (std::size_t p = 0; p < pairs; p += 2)
      for (std::size_t t = 0; t < T; ++t) {
        sum[t][0] = Set::add_products(sum[t][0], keys[p], query_pair(quants[t] + 2 * p));
        sum[t][1] = Set::add_products(sum[t][1], keys[p + 1], query_pair(quants[t] + 2 * p + 2));
      }
    for (std::size_t t = 0; t < T; ++t) {
      float* scores = out + (first + t) * out_stride;
      const float query_scale = queries.scales[(first + t) * queries.blocks + b];
      const Floats before = b == 0 ? Set::set1(0.0f) : Set::load(scores);
      const Floats total = Set::to_float(Set::add(sum[t][0], sum[t][1]));
      const Floats factor = Set::mul(Set::set1(query_scale), key_scales);
      Set::store(scores, Set::add(before, Set::mul(total, factor)));
    }
  }

  static void score(const Q8Rows& keys, const QuantizedQueries& queries, float* out,
                    std::size_t out_stride) {
    for (std::size_t r = 0; r < keys.rows; r += lanes) {
      // Lanes beyond the last key repeat it.
      const std::byte* base = keys.data + r * keys.row_bytes;
      std::int32_t offsets[lanes];
      for (std::size_t i = 0; i < lanes; ++i)
        offsets[i] = static_cast<std::int32_t>(std::min(i, keys.rows - 1 - r) * keys.row_bytes);
      for (std::size_t b = 0; b < queries.blocks; ++b, base += q8_block_bytes) {
        Ints quants[pairs];
        Set::load_turned(base + 2, offsets, quants);
        const Floats scales = Set::gather_halves(base, offsets);
        std::size_t q = 0;
        for (; q + queries_at_once <= queries.rows; q += queries_at_once)
          add_block<4>(quants, scales, queries, q, b, out + r, out_stride);
        switch (queries.rows - q) {
          case 3:
            add_block<3>(quants, scales, queries, q, b, out + r, out_stride);
            break;
          case 2:
            add_block<2>(quants, scales, queries, q, b, out + r, out_stride);
            break;
          case 1:
            add_block<1>(quants, scales, queries, q, b, out + r, out_stride);
            break;
          default:
            break;
        }
      }
    }
  }
};

}  // namespace croft
