#pragma once
/// Attention over float keys and values (KvForm::Floats), for any backend of lanes: the exact path,
/// not the fast one. A query passes its blocks alone, each position summed in order, so that its
/// bits depend on nothing else.

#include <cstddef>
#include <cstdint>

#include "kernels/attention_items.h"
#include "kernels/simd/kv_store.h"

namespace croft {

template <typename L>
struct FloatAttention {
  using F = typename L::F;
  static constexpr std::size_t parts = 16 / L::width;
  static constexpr float log2_e = 1.44269504088896341f;

  /// 2^x for x <= 0, relative error below 2e-7; at least 2^-126. What is no number stays none.
  static CROFT_INLINE F exp2(F x) {
    const F magic = L::set(0x1.8p23f + 127.0f);  // as in simd/attention.h
    const F clamped = L::max(L::set(-126.0f), x);
    const F shifted = L::add(clamped, magic);
    const F r = L::sub(clamped, L::sub(shifted, magic));
    constexpr float c[] = {1.0f,         0.69314698f,   0.24022242f,
                           0.055507337f, 0.0096715134f, 0.0013264728f};
    F y = L::set(c[5]);
    for (std::size_t i = 5; i > 0; --i) y = L::mul_add(y, r, L::set(c[i - 1]));
    return L::mul(y, L::exponent_of(shifted));
  }
  static float exp2(float x) {
    alignas(64) float lanes[L::width];
    L::store(lanes, exp2(L::set(x)));
    return lanes[0];
  }

  static float dot(const float* a, const float* b, std::size_t size) {
    F sum[parts];
    for (F& one : sum) one = L::set(0.0f);
    for (std::size_t i = 0; i < size; i += 16)
      for (std::size_t p = 0; p < parts; ++p)
        sum[p] = L::mul_add(L::load(a + i + p * L::width), L::load(b + i + p * L::width), sum[p]);
    return L::reduce_add(sum);
  }

  /// A query's sums while blocks pass by.
  struct State {
    float* sums;
    float top = -__builtin_inff();
    float total = 0.0f;
  };

  /// Positions [from, to] of a block.
  static void add_block(const AttentionItem& item, const float* query, const std::byte* block,
                        std::size_t from, std::size_t to, float* scores, State& state) {
    const std::size_t size = item.layout.padded_size();
    const auto* keys = reinterpret_cast<const float*>(block);
    const auto* values = reinterpret_cast<const float*>(block + item.layout.values());
    float top = state.top;
    for (std::size_t p = from; p <= to; ++p) {
      float score = dot(query, keys + p * size, size) * item.scale;
      if (item.softcap > 0.0f) {
        // tanh |x| = (1 - e) / (1 + e) with e = exp(-2 |x|).
        const float x = score / item.softcap;
        const float e = exp2((x < 0.0f ? x : -x) * (2.0f * log2_e));
        const float magnitude = item.softcap * ((1.0f - e) / (1.0f + e));
        score = x < 0.0f ? -magnitude : magnitude;
      }
      scores[p] = score * log2_e;
      top = scores[p] > top ? scores[p] : top;
    }
    const float kept = exp2(state.top - top);
    state.top = top;
    state.total *= kept;
    for (std::size_t i = 0; i < size; i += L::width)
      L::store(state.sums + i, L::mul(L::load(state.sums + i), L::set(kept)));
    for (std::size_t p = from / 16 * 16; p <= to; p += L::width)
      L::store(scores + p, exp2(L::sub(L::load(scores + p), L::set(top))));
    for (std::size_t p = from; p <= to; ++p) {
      state.total += scores[p];
      const F weight = L::set(scores[p]);
      for (std::size_t i = 0; i < size; i += L::width)
        L::store(state.sums + i,
                 L::mul_add(weight, L::load(values + p * size + i), L::load(state.sums + i)));
    }
  }

  static void attend(const AttentionItem& item) {
    const AttentionMemory memory{item.row_count * item.heads, item.layout.padded_size()};
    const auto floats = [&](std::size_t at) { return reinterpret_cast<float*>(item.memory + at); };
    float* scores = floats(memory.scores());
    for (std::size_t i = 0; i < kv_block_positions; ++i) scores[i] = 0.0f;
    const std::size_t head_size = item.layout.head_size;
    for (std::size_t i = 0; i < memory.queries; ++i) {
      const AttentionRow& row = item.rows[i / item.heads];
      const std::size_t column = i % item.heads * head_size;
      const float* query = KvStore<L>::padded_head(item.q + i / item.heads * item.q_stride + column,
                                                   head_size, floats(memory.head()));
      State state{floats(memory.sums())};
      for (std::size_t c = 0; c < memory.size; ++c) state.sums[c] = 0.0f;
      for (std::size_t begin = row.first / kv_block_positions * kv_block_positions;
           begin <= row.last; begin += kv_block_positions) {
        const std::size_t left = row.last - begin;
        add_block(item, query, item.kv.pages[begin / kv_block_positions] + item.kv.offset,
                  row.first > begin ? row.first - begin : 0,
                  left < kv_block_positions ? left : kv_block_positions - 1, scores, state);
      }
      float* out = item.out + i / item.heads * item.out_stride + column;
      for (std::size_t c = 0; c < head_size; ++c) out[c] = state.sums[c] / state.total;
    }
  }
};

}  // namespace croft
