#pragma once
/// Attention over blocks of integer keys and values (kv_blocks.h), for any backend of lanes.
///
/// A query's result is made the same way wherever it is computed. Per block of 64 positions that it
/// sees, in order:
///   t[j]   = float(query · key j) * (key scale j * query factor), the log2 of a weight
///   top    = max t[j];  p[j] = 2^(t[j] - top), 0 where it does not see j;  total = sum of p
///   limit  = min(65400 / total, 32767);  unit = the largest value scale it sees
///   w[j]   = round(p[j] * (value scale j * (limit / unit))): |w · value| < 65432 * 32767 < 2^31
///   sums   = fma(float(w · value), grown * (unit / limit), sums * kept), where kept and grown are
///            2^(old top - new top) and 2^(top - new top), new top the larger of the two
/// Products of integers are exact and the sum of p has one order (lanes of 16, blocks of lanes
/// first), so the bits depend neither on tiles, nor on threads, nor on the instruction set.

#include <cstddef>
#include <cstdint>

#include "kernels/attention_items.h"
#include "kernels/simd/float_attention.h"
#include "kernels/simd/kv_store.h"

namespace croft {

template <typename L>
struct Attention {
  using I = typename L::I;
  using F = typename L::F;
  static constexpr std::size_t parts = 16 / L::width;
  static constexpr std::size_t strip = 16;  ///< positions that are masked out together
  static constexpr std::size_t tile_queries = L::tile_queries;
  static constexpr float log2_e = 1.44269504088896341f;

  /// 2^x for x <= 0, relative error below 2^-18; at least 2^-126. What is no number stays none.
  static CROFT_INLINE F exp2(F x) {
    // Beyond 2^23 a float has no fraction: the addition rounds, and leaves the exponent's bits.
    const F magic = L::set(0x1.8p23f + 127.0f);
    const F clamped = L::max(L::set(-126.0f), x);
    const F shifted = L::add(clamped, magic);
    const F r = L::sub(clamped, L::sub(shifted, magic));
    // Relative minimax on [-1/2, 1/2], exact at 0.
    F y = L::mul_add(L::set(0.009582854003197631f), r, L::set(0.055906431725739926f));
    y = L::mul_add(y, r, L::set(0.24024098637763003f));
    y = L::mul_add(y, r, L::set(0.6931241925869087f));
    y = L::mul_add(y, r, L::set(1.0f));
    return L::mul(y, L::exponent_of(shifted));
  }

  /// Two matrices in rows of pairs, 16 bits an element, and what belongs to them.
  struct Block {
    const std::byte* keys;
    const std::byte* values;
    const float* key_scales;
    const float* value_scales;
  };

  /// out[t][v] = the product of x[t] with columns v of the matrix, for T queries and V registers of
  /// columns. `pairs` is even and not 0. A function of its own with nothing but stores at its end:
  /// gcc 12 spills every sum in every step where more follows.
  template <std::size_t T, std::size_t V>
  __attribute__((noinline)) static void product(const std::byte* matrix, std::size_t row_bytes,
                                                const std::int16_t* x, std::size_t x_stride,
                                                std::size_t pairs, std::int32_t* out,
                                                std::size_t out_stride) {
    // A product takes 5 cycles and two begin per cycle: few sums need a second chain.
    constexpr std::size_t chains = T * V >= 10 ? 1 : 2;
    I sum[chains][T][V];
#pragma GCC unroll 2
    for (std::size_t c = 0; c < chains; ++c)
#pragma GCC unroll 8
      for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 8
        for (std::size_t v = 0; v < V; ++v) sum[c][t][v] = L::zero_ints();
    for (std::size_t i = 0; i < pairs; i += chains)
#pragma GCC unroll 2
      for (std::size_t c = 0; c < chains; ++c) {
        I columns[V];
#pragma GCC unroll 8
        for (std::size_t v = 0; v < V; ++v)
          columns[v] = L::load_ints(matrix + (i + c) * row_bytes + v * L::width * 4);
#pragma GCC unroll 8
        for (std::size_t t = 0; t < T; ++t) {
          const I pair = L::broadcast_pair(x + t * x_stride + (i + c) * 2);
#pragma GCC unroll 8
          for (std::size_t v = 0; v < V; ++v)
            sum[c][t][v] = L::add_products(sum[c][t][v], columns[v], pair);
        }
      }
#pragma GCC unroll 8
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 8
      for (std::size_t v = 0; v < V; ++v)
        L::store_ints(reinterpret_cast<std::byte*>(out + t * out_stride + v * L::width),
                      chains == 1 ? sum[0][t][v] : L::add(sum[0][t][v], sum[chains - 1][t][v]));
  }

  /// The product over `columns` columns, a multiple of 16, in wide tiles and narrow ones.
  template <std::size_t T, std::size_t V = L::tile_columns>
  static CROFT_INLINE void product_columns(const std::byte* matrix, std::size_t row_bytes,
                                           std::size_t columns, const std::int16_t* x,
                                           std::size_t x_stride, std::size_t pairs,
                                           std::int32_t* out, std::size_t out_stride) {
    for (; columns >= V * L::width; columns -= V * L::width) {
      product<T, V>(matrix, row_bytes, x, x_stride, pairs, out, out_stride);
      matrix += V * L::width * 4;
      out += V * L::width;
    }
    if constexpr (V > 1) {
      if (columns != 0)
        product_columns<T, 1>(matrix, row_bytes, columns, x, x_stride, pairs, out, out_stride);
    }
  }

  /// Works through one item.
  struct Run {
    const AttentionItem& item;
    AttentionMemory memory;
    std::int16_t* quants;
    float* sums;
    float* factors;
    float* maxima;
    float* totals;
    float* scores;
    std::int16_t* weights;
    std::int32_t* products;

    explicit Run(const AttentionItem& i)
        : item(i),
          memory{i.row_count * i.heads, i.layout.padded_size()},
          quants(reinterpret_cast<std::int16_t*>(i.memory + memory.quants())),
          sums(floats(memory.sums())),
          factors(floats(memory.factors())),
          maxima(floats(memory.maxima())),
          totals(floats(memory.totals())),
          scores(floats(memory.scores())),
          weights(reinterpret_cast<std::int16_t*>(i.memory + memory.weights())),
          products(reinterpret_cast<std::int32_t*>(i.memory + memory.products())) {}

    [[nodiscard]] float* floats(std::size_t at) const {
      return reinterpret_cast<float*>(item.memory + at);
    }
    [[nodiscard]] const AttentionRow& row_of(std::size_t query) const {
      return item.rows[query / item.heads];
    }

    void run() {
      gather_queries();
      std::size_t first = item.rows[0].first, last = item.rows[0].last;
      for (std::size_t r = 1; r < item.row_count; ++r) {
        first = item.rows[r].first < first ? item.rows[r].first : first;
        last = item.rows[r].last > last ? item.rows[r].last : last;
      }
      for (std::size_t b = first / kv_block_positions; b <= last / kv_block_positions; ++b) {
        const Block block = block_at(b);
        for (std::size_t q = 0; q < memory.queries; q += tile_queries) {
          const std::size_t left = memory.queries - q;
          tiles<tile_queries>(block, b * kv_block_positions, q,
                              left < tile_queries ? left : tile_queries);
        }
      }
      write_outputs();
    }

    void gather_queries() {
      const std::size_t size = item.layout.head_size;
      float* padded = floats(memory.head());
      const float scale = item.softcap > 0.0f ? item.scale / item.softcap : item.scale * log2_e;
      for (std::size_t i = 0; i < memory.queries; ++i) {
        const float* head = item.q + i / item.heads * item.q_stride + i % item.heads * size;
        factors[i] = scale * KvStore<L>::quantize(KvStore<L>::padded_head(head, size, padded),
                                                  memory.size, quants + i * memory.size);
        maxima[i] = -__builtin_inff();
        totals[i] = 0.0f;
      }
      const F zero = L::set(0.0f);
      for (std::size_t i = 0; i < memory.queries * memory.size; i += L::width)
        L::store(sums + i, zero);
    }

    void write_outputs() {
      const std::size_t size = item.layout.head_size;
      for (std::size_t i = 0; i < memory.queries; ++i) {
        float* out = item.out + i / item.heads * item.out_stride + i % item.heads * size;
        const float* from = sums + i * memory.size;
        const float inverse = 1.0f / totals[i];
        std::size_t c = 0;
        for (; c + L::width <= size; c += L::width)
          L::store(out + c, L::mul(L::load(from + c), L::set(inverse)));
        for (; c < size; ++c) out[c] = from[c] * inverse;
      }
    }

    Block block_at(std::size_t b) {
      const KvLayout& layout = item.layout;
      const std::byte* at = item.kv.pages[b] + item.kv.offset;
      const auto scales = [&](std::size_t offset) {
        return reinterpret_cast<const float*>(at + offset);
      };
      const std::byte* keys = at;
      const std::byte* values = at + layout.values();
      if (layout.form == KvForm::Bits8) {
        std::byte* wide = item.memory + memory.block();
        widen_keys(layout, at, wide);
        keys = wide;
        wide += kv_block_positions * memory.size * 2;
        widen_values(layout, at, wide);
        values = wide;
      }
      return {keys, values, scales(layout.key_scales()), scales(layout.value_scales())};
    }

    template <std::size_t T>
    CROFT_INLINE void tiles(const Block& block, std::size_t begin, std::size_t q,
                            std::size_t count) {
      if (count == T) {
        tile<T>(block, begin, q);
      } else if constexpr (T > 1) {
        tiles<T - 1>(block, begin, q, count);
      }
    }

    /// T queries meet the block that begins at position `begin`.
    template <std::size_t T>
    __attribute__((noinline)) void tile(const Block& block, std::size_t begin, std::size_t q) {
      std::uint64_t visible[T];
      std::uint64_t any = 0;
      for (std::size_t t = 0; t < T; ++t) {
        visible[t] = visible_positions(row_of(q + t), begin);
        any |= visible[t];
      }
      if (any == 0) return;
      const std::size_t from = static_cast<std::size_t>(__builtin_ctzll(any)) / strip;
      const std::size_t to = static_cast<std::size_t>(63 - __builtin_clzll(any)) / strip + 1;
      product_columns<T>(block.keys + from * strip * 4, kv_block_positions * 4, (to - from) * strip,
                         quants + q * memory.size, memory.size, memory.size / 2,
                         products + from * strip, kv_block_positions);
      scale_scores(block, q, T, from * strip, to * strip);
      if (item.softcap > 0.0f) cap_scores(T, from * strip, to * strip);
      float kept[T], grown[T];
      const float unit = largest_scale(block, ~std::uint64_t{0}, 0, 4);
      for (std::size_t t = 0; t < T; ++t) {
        if (visible[t] == 0) {
          kept[t] = 1.0f;
          grown[t] = 0.0f;
          continue;
        }
        weigh(block, q, t, visible[t], from, to, unit, kept[t], grown[t]);
      }
      product_columns<T>(block.values + from * (strip / 2) * memory.size * 4, memory.size * 4,
                         memory.size, weights + from * strip, kv_block_positions,
                         (to - from) * (strip / 2), products, memory.size);
      for (std::size_t t = 0; t < T; ++t) add_products(q, t, kept[t], grown[t]);
    }

    /// Integer products of queries q.. with keys become scores.
    void scale_scores(const Block& block, std::size_t q, std::size_t queries, std::size_t from,
                      std::size_t to) {
      for (std::size_t t = 0; t < queries; ++t)
        for (std::size_t i = from; i < to; i += L::width) {
          const std::size_t at = t * kv_block_positions + i;
          const F factor = L::mul(L::load(block.key_scales + i), L::set(factors[q + t]));
          L::store(scores + at, L::mul(product_at(at), factor));
        }
    }
    /// Integer products of weights with values join the sums of query q + t.
    void add_products(std::size_t q, std::size_t t, float kept, float grown) {
      float* out = sums + (q + t) * memory.size;
      for (std::size_t i = 0; i < memory.size; i += L::width) {
        const F old = L::mul(L::load(out + i), L::set(kept));
        L::store(out + i, L::mul_add(product_at(t * memory.size + i), L::set(grown), old));
      }
    }
    [[nodiscard]] F product_at(std::size_t i) const {
      return L::to_float(L::load_ints(reinterpret_cast<const std::byte*>(products + i)));
    }

    static std::uint64_t visible_positions(const AttentionRow& row, std::size_t begin) {
      if (row.last < begin || row.first >= begin + kv_block_positions) return 0;
      std::uint64_t bits = ~std::uint64_t{0};
      if (row.first > begin) bits &= bits << (row.first - begin);
      if (row.last - begin < kv_block_positions - 1)
        bits &= ~std::uint64_t{0} >> (kv_block_positions - 1 - (row.last - begin));
      return bits;
    }

    static CROFT_INLINE float largest_scale(const Block& block, std::uint64_t bits,
                                            std::size_t from, std::size_t to) {
      F top[parts];
      for (F& one : top) one = L::set(0.0f);
      for (std::size_t s = from; s < to; ++s)
        for (std::size_t p = 0; p < parts; ++p) {
          const std::size_t at = s * strip + p * L::width;
          top[p] = L::max(L::select(bits >> at, L::load(block.value_scales + at), top[p]), top[p]);
        }
      return L::reduce_max(top);
    }

    /// Scores arrive divided by the cap.
    void cap_scores(std::size_t queries, std::size_t from, std::size_t to) {
      const F one = L::set(1.0f);
      const F cap = L::set(item.softcap * log2_e);
      for (std::size_t t = 0; t < queries; ++t)
        for (std::size_t i = from; i < to; i += L::width) {
          float* at = scores + t * kv_block_positions + i;
          // tanh |x| = (1 - e) / (1 + e) with e = exp(-2 |x|).
          const F x = L::load(at);
          const F e = exp2(L::mul(L::abs(x), L::set(-2.0f * log2_e)));
          const F magnitude = L::mul(cap, L::div(L::sub(one, e), L::add(one, e)));
          L::store(at, L::copy_sign(magnitude, x));
        }
    }

    /// Turns the scores of query q + t into integer weights and moves its state on.
    __attribute__((noinline)) void weigh(const Block& block, std::size_t q, std::size_t t,
                                         std::uint64_t visible, std::size_t from, std::size_t to,
                                         float unit, float& kept, float& grown) {
      float* row = scores + t * kv_block_positions;
      std::int16_t* out = weights + t * kv_block_positions;
      float total = 0.0f, top = 0.0f;
      if (visible == ~std::uint64_t{0}) {
        weigh_strips<false>(block, row, out, visible, 0, 4, unit, top, total);
      } else {
        unit = largest_scale(block, visible, from, to);
        weigh_strips<true>(block, row, out, visible, from, to, unit, top, total);
      }
      const float limit = limit_of(total);
      const float old = maxima[q + t];
      const float difference = top - old;
      // One of the two is 1.
      F both[parts];
      for (F& one : both) one = exp2(L::set(difference > 0.0f ? -difference : difference));
      alignas(64) float less[L::width];
      L::store(less, both[0]);
      kept = difference > 0.0f ? less[0] : 1.0f;
      grown = difference > 0.0f ? 1.0f : less[0];
      totals[q + t] = totals[q + t] * kept + total * grown;
      maxima[q + t] = difference > 0.0f ? top : old;
      grown *= unit / limit;
    }

    static CROFT_INLINE float limit_of(float total) {
      const float by_sum = 65400.0f / total;
      return by_sum < attention_peak_max ? by_sum : attention_peak_max;
    }

    template <bool Masked>
    static CROFT_INLINE void weigh_strips(const Block& block, float* row, std::int16_t* out,
                                          std::uint64_t visible, std::size_t from, std::size_t to,
                                          float unit, float& top, float& total) {
      F best[parts], sum[parts];
      for (std::size_t p = 0; p < parts; ++p) {
        best[p] = L::set(-__builtin_inff());
        sum[p] = L::set(0.0f);
      }
#pragma GCC unroll 4
      for (std::size_t s = from; s < to; ++s)
        for (std::size_t p = 0; p < parts; ++p) {
          const std::size_t at = s * strip + p * L::width;
          F score = L::load(row + at);
          if constexpr (Masked) {
            score = L::select(visible >> at, score, best[p]);
            L::store(row + at, score);
          }
          best[p] = L::max(best[p], score);
        }
      top = L::reduce_max(best);
      const F shift = L::set(top);
#pragma GCC unroll 4
      for (std::size_t s = from; s < to; ++s)
        for (std::size_t p = 0; p < parts; ++p) {
          const std::size_t at = s * strip + p * L::width;
          F weight = exp2(L::sub(L::load(row + at), shift));
          if constexpr (Masked) weight = L::select(visible >> at, weight, L::set(0.0f));
          L::store(row + at, weight);
          sum[p] = L::add(sum[p], weight);
        }
      total = L::reduce_add(sum);
      const F factor = L::set(unit > 0.0f ? limit_of(total) / unit : 0.0f);
#pragma GCC unroll 4
      for (std::size_t s = from; s < to; ++s) {
        I levels[parts];
        for (std::size_t p = 0; p < parts; ++p) {
          const std::size_t at = s * strip + p * L::width;
          const F scale = L::mul(L::load(block.value_scales + at), factor);
          levels[p] = L::to_int(L::mul(L::load(row + at), scale));
          if constexpr (Masked) levels[p] = L::keep(visible >> at, levels[p]);
        }
        L::store_strip(out + s * strip, levels);
      }
    }
  };

  static void attend(const AttentionItem& item) {
    if (item.layout.form == KvForm::Floats)
      FloatAttention<L>::attend(item);
    else
      Run(item).run();
  }

  /// [elements / 2][64][2] bytes; a factor per position and 32 elements.
  static void widen_keys(const KvLayout& layout, const std::byte* block, std::byte* out) {
    const std::byte* factors = block + layout.key_factors();
    for (std::size_t column = 0; column < kv_block_positions; column += L::width)
      for (std::size_t begin = 0; begin < layout.padded_size(); begin += kv_factor_elements) {
        const I factor =
            L::load_bytes(factors + begin / kv_factor_elements * kv_block_positions + column);
        const I twice = L::or_bits(factor, L::to_high_halves(factor));
        const std::size_t left = layout.padded_size() - begin;
        const std::size_t end = begin + (left < kv_factor_elements ? left : kv_factor_elements);
        for (std::size_t pair = begin / 2; pair < end / 2; ++pair) {
          const std::size_t at = pair * kv_block_positions + column;
          L::store_ints(out + at * 4, L::widen_scaled(block + at * 2, twice));
        }
      }
  }

  /// [64 / 2][elements][2] bytes; a factor per position and 32 elements.
  static void widen_values(const KvLayout& layout, const std::byte* block, std::byte* out) {
    const std::size_t size = layout.padded_size();
    const std::byte* from = block + layout.values();
    const auto* factors = reinterpret_cast<const unsigned char*>(block + layout.value_factors());
    for (std::size_t pair = 0; pair < kv_block_positions / 2; ++pair)
      for (std::size_t column = 0; column < size; column += L::width) {
        const unsigned char* two =
            factors + column / kv_factor_elements * kv_block_positions + pair * 2;
        const I factor = L::set(two[0] | two[1] << 16);
        const std::size_t at = pair * size + column;
        L::store_ints(out + at * 4, L::widen_scaled(from + at * 2, factor));
      }
  }
};

}  // namespace croft
