// Goal: attention is softmax(q kᵀ) v over exactly the visible positions, for both forms of storage
// and every head layout, within the bound that the header states; a row's bits depend on nothing
// but that row, not even on the instruction set. Method: a double-precision model over the numbers
// before they were stored; bitwise comparison of batches, thread counts and instruction sets. Seeds
// are fixed.
#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/test_support.h"

namespace croft {
namespace {

struct Case {
  const char* name;
  std::size_t heads;
  KvLayout kv;
  float scale;
  float softcap;
  std::size_t positions;
  std::size_t window;  ///< 0: none
};

constexpr KvForm wide = KvForm::Bits16, narrow = KvForm::Bits8, exact = KvForm::Floats;
constexpr Case cases[] = {
    {"gqa", 9, {wide, 3, 64}, 0.125f, 0.0f, 150, 0},
    {"gqa_8bit", 4, {narrow, 2, 64}, 0.125f, 0.0f, 130, 0},
    {"seven_heads", 14, {wide, 2, 64}, 0.125f, 0.0f, 70, 0},
    {"every_head_its_own", 5, {wide, 5, 32}, 0.2f, 0.0f, 70, 0},
    {"one_kv_head_window", 4, {wide, 1, 256}, 0.0625f, 0.0f, 200, 33},
    {"one_kv_head_window_8bit", 4, {narrow, 1, 256}, 0.0625f, 0.0f, 140, 75},
    {"odd_head_size_softcap", 6, {wide, 3, 20}, 0.3f, 2.0f, 90, 0},
    {"odd_head_size_8bit", 4, {narrow, 4, 24}, 0.2f, 5.0f, 66, 10},
    {"heads_of_80", 2, {wide, 2, 80}, 0.11f, 0.0f, 70, 0},
    {"heads_of_96_8bit", 2, {narrow, 1, 96}, 0.1f, 0.0f, 70, 0},
    {"gqa_floats", 9, {exact, 3, 64}, 0.125f, 0.0f, 150, 0},
    {"odd_head_size_floats", 6, {exact, 3, 20}, 0.3f, 2.0f, 90, 17},
    {"one_position", 2, {wide, 2, 16}, 0.25f, 0.0f, 1, 0},
};

AttentionOptions options_of(const Case& c) {
  return {c.heads, c.kv, c.scale, c.softcap};
}

/// Pages of one sequence as a pool's are: aligned, in no order, with leftovers where nothing is
/// stored and other layers around this one.
class Storage {
 public:
  Storage(const KvLayout& layout, std::size_t positions)
      : bytes_(layout.page_bytes()),
        memory_(kv_page_count(positions) * (offset + bytes_) + 64, std::byte{0xff}) {
    std::byte* first =
        memory_.data() + (64 - reinterpret_cast<std::uintptr_t>(memory_.data()) % 64);
    for (std::size_t p = kv_page_count(positions); p > 0; --p)
      pages_.push_back(first + (p - 1) * (offset + bytes_));
  }
  Storage(const Storage&) = delete;
  [[nodiscard]] KvPages pages() const { return {pages_.data(), offset}; }
  /// Whether the same is stored.
  [[nodiscard]] bool operator==(const Storage& other) const {
    for (std::size_t p = 0; p < pages_.size(); ++p)
      if (std::memcmp(pages_[p] + offset, other.pages_[p] + offset, bytes_) != 0) return false;
    return pages_.size() == other.pages_.size();
  }

 private:
  static constexpr std::size_t offset = 192;
  std::size_t bytes_;
  std::vector<std::byte> memory_;
  std::vector<std::byte*> pages_;
};

/// Random keys and values, stored by the instruction set.
struct Sequence {
  Sequence(const Case& c, std::uint32_t seed, Isa isa)
      : width(c.kv.head_count * c.kv.head_size), storage(c.kv, c.positions) {
    test::Random random(seed);
    keys = random.floats(c.positions * width, -2.0f, 2.0f);
    values = random.floats(c.positions * width, -2.0f, 2.0f);
    store(c, isa);
  }
  void store(const Case& c, Isa isa) {
    ThreadPool pool(2);
    const KvRun run{storage.pages(), 0, 0, c.positions};
    store_kv(c.kv, {&run, 1}, {keys.data(), c.positions, width},
             {values.data(), c.positions, width}, isa, pool);
  }
  std::size_t width;
  std::vector<float> keys;
  std::vector<float> values;
  Storage storage;
};

/// One query row per position of the case: causal, with the case's window.
std::vector<AttentionRow> causal_rows(const Case& c, Sequence& sequence) {
  std::vector<AttentionRow> rows;
  for (std::size_t p = 0; p < c.positions; ++p) {
    const std::size_t first = c.window != 0 && p + 1 > c.window ? p + 1 - c.window : 0;
    rows.push_back({sequence.storage.pages(), first, p});
  }
  return rows;
}

std::vector<double> model_row(const Case& c, const Sequence& s, const float* q,
                              const AttentionRow& row) {
  const std::size_t size = c.kv.head_size;
  std::vector<double> out(c.heads * size, 0.0);
  for (std::size_t h = 0; h < c.heads; ++h) {
    const std::size_t column = h / (c.heads / c.kv.head_count) * size;
    std::vector<double> weights;
    for (std::size_t p = row.first; p <= row.last; ++p) {
      double score = 0.0;
      for (std::size_t i = 0; i < size; ++i)
        score += static_cast<double>(q[h * size + i]) *
                 static_cast<double>(s.keys[p * s.width + column + i]);
      score *= static_cast<double>(c.scale);
      const auto cap = static_cast<double>(c.softcap);
      if (cap > 0.0) score = cap * std::tanh(score / cap);
      weights.push_back(score);
    }
    const double top = *std::max_element(weights.begin(), weights.end());
    double total = 0.0;
    for (double& weight : weights) total += weight = std::exp(weight - top);
    for (std::size_t p = row.first; p <= row.last; ++p)
      for (std::size_t i = 0; i < size; ++i)
        out[h * size + i] += weights[p - row.first] / total *
                             static_cast<double>(s.values[p * s.width + column + i]);
  }
  return out;
}

std::vector<float> attend(const Case& c, std::span<const AttentionRow> rows,
                          const std::vector<float>& q, Isa isa, std::size_t threads) {
  ThreadPool pool(threads);
  std::vector<float> out(q.size(), std::nanf(""));
  const std::size_t cols = c.heads * c.kv.head_size;
  attention(rows, {q.data(), rows.size(), cols}, {out.data(), rows.size(), cols}, options_of(c),
            isa, pool);
  return out;
}

/// Of the largest |value|, which is 2. The 16-bit form: the header's bound. The 8-bit form rounds
/// an element by half of 1/127 of its 32's largest; over 64 random elements and as many positions
/// that comes to a twentieth of this bound (root mean square).
double tolerance(KvForm form) {
  if (form == KvForm::Floats) return 1e-5;
  return form == KvForm::Bits16 ? 2.0 * 0x1p-11 : 0.03;
}

class Attention : public testing::TestWithParam<std::tuple<Case, Isa>> {
 protected:
  void SetUp() override {
    if (!cpu_supports(isa())) GTEST_SKIP() << "this processor lacks " << isa_name(isa());
  }
  static const Case& c() { return std::get<0>(GetParam()); }
  static Isa isa() { return std::get<1>(GetParam()); }
  static std::size_t cols() { return c().heads * c().kv.head_size; }
};

TEST_P(Attention, MatchesTheModel) {
  Sequence sequence(c(), 21, isa());
  const std::vector<AttentionRow> rows = causal_rows(c(), sequence);
  test::Random random(22);
  const std::vector<float> q = random.floats(rows.size() * cols(), -2.0f, 2.0f);
  const std::vector<float> out = attend(c(), rows, q, isa(), 2);
  double worst = 0.0;
  for (std::size_t r = 0; r < rows.size(); r += 7) {
    const std::vector<double> expected = model_row(c(), sequence, q.data() + r * cols(), rows[r]);
    for (std::size_t i = 0; i < cols(); ++i) {
      const double error = std::fabs(static_cast<double>(out[r * cols() + i]) - expected[i]);
      ASSERT_LE(error, tolerance(c().kv.form)) << "row " << r << ", element " << i;
      worst = std::max(worst, error);
    }
  }
  RecordProperty("worst_error_of_largest_value", std::to_string(worst / 2.0));
}

TEST_P(Attention, HasTheBitsOfThePortableOne) {
  Sequence sequence(c(), 29, isa());
  Sequence reference(c(), 29, Isa::Portable);
  ASSERT_TRUE(sequence.storage == reference.storage);
  const std::vector<AttentionRow> rows = causal_rows(c(), sequence);
  test::Random random(30);
  const std::vector<float> q = random.floats(rows.size() * cols(), -9.0f, 9.0f);
  const std::vector<float> out = attend(c(), rows, q, isa(), 2);
  const std::vector<float> expected = attend(c(), rows, q, Isa::Portable, 2);
  EXPECT_EQ(std::memcmp(out.data(), expected.data(), out.size() * sizeof(float)), 0);
}

TEST_P(Attention, DoesNotDependOnBatchOrThreads) {
  Sequence one(c(), 23, isa());
  Sequence other(c(), 24, isa());
  // Rows of two sequences, interleaved: no group of rows is whole.
  std::vector<AttentionRow> rows = causal_rows(c(), one);
  for (std::size_t r = 0; r < rows.size(); r += 3) rows[r].kv = other.storage.pages();
  test::Random random(25);
  const std::vector<float> q = random.floats(rows.size() * cols());
  const std::vector<float> out = attend(c(), rows, q, isa(), 3);
  const std::vector<float> again = attend(c(), rows, q, isa(), 1);
  EXPECT_EQ(std::memcmp(out.data(), again.data(), out.size() * sizeof(float)), 0);
  const std::vector<AttentionRow> unmixed = causal_rows(c(), one);
  const std::vector<float> grouped = attend(c(), unmixed, q, isa(), 2);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::vector<float> single_q(q.begin() + static_cast<std::ptrdiff_t>(r * cols()),
                                      q.begin() + static_cast<std::ptrdiff_t>((r + 1) * cols()));
    const std::vector<float> single = attend(c(), {&rows[r], 1}, single_q, isa(), 1);
    ASSERT_EQ(std::memcmp(single.data(), out.data() + r * cols(), cols() * sizeof(float)), 0)
        << "row " << r;
    if (r % 3 != 0) {
      ASSERT_EQ(std::memcmp(single.data(), grouped.data() + r * cols(), cols() * sizeof(float)), 0)
          << "row " << r << " in a whole group";
    }
  }
}

TEST_P(Attention, WhatComesLaterInABlockDoesNotMatter) {
  Sequence sequence(c(), 31, isa());
  const std::size_t half = (c().positions + 1) / 2;
  std::vector<AttentionRow> rows = causal_rows(c(), sequence);
  rows.resize(half);
  test::Random random(32);
  const std::vector<float> q = random.floats(half * cols());
  const std::vector<float> out = attend(c(), rows, q, isa(), 1);
  for (std::size_t i = half * sequence.width; i < sequence.keys.size(); ++i)
    sequence.keys[i] = sequence.values[i] = i % 2 == 0 ? 1e30f : std::nanf("");
  sequence.store(c(), isa());
  const std::vector<float> again = attend(c(), rows, q, isa(), 1);
  EXPECT_EQ(std::memcmp(out.data(), again.data(), out.size() * sizeof(float)), 0);
}

TEST_P(Attention, EncoderRowsSeeEverything) {
  Sequence sequence(c(), 26, isa());
  const std::vector<AttentionRow> rows(c().positions,
                                       {sequence.storage.pages(), 0, c().positions - 1});
  test::Random random(27);
  const std::vector<float> q = random.floats(rows.size() * cols());
  const std::vector<float> out = attend(c(), rows, q, isa(), 2);
  const std::vector<double> expected = model_row(c(), sequence, q.data(), rows[0]);
  for (std::size_t i = 0; i < cols(); ++i)
    ASSERT_NEAR(static_cast<double>(out[i]), expected[i], tolerance(c().kv.form));
}

TEST_P(Attention, PositionsStoredOneByOneAreTheSame) {
  Sequence sequence(c(), 33, isa());
  Storage single(c().kv, c().positions);
  ThreadPool pool(1);
  for (std::size_t p = 0; p < c().positions; ++p) {
    const KvRun run{single.pages(), p, 0, 1};
    store_kv(c().kv, {&run, 1}, {sequence.keys.data() + p * sequence.width, 1, sequence.width},
             {sequence.values.data() + p * sequence.width, 1, sequence.width}, isa(), pool);
  }
  EXPECT_TRUE(sequence.storage == single);
}

INSTANTIATE_TEST_SUITE_P(AllCases, Attention,
                         testing::Combine(testing::ValuesIn(cases),
                                          testing::ValuesIn(test::all_isas)),
                         [](const auto& test) {
                           std::string name = std::string(std::get<0>(test.param).name) + "_" +
                                              test::label(std::get<1>(test.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

/// What a case's keys, values and queries hold besides ordinary numbers.
struct Extreme {
  const char* name;
  float key, value, query;
  bool finite;  ///< the result
};
constexpr float infinity = std::numeric_limits<float>::infinity();
const Extreme extremes[] = {
    {"nan_key", std::nanf(""), 1, 1, false},   {"infinite_key", infinity, 1, 1, false},
    {"nan_value", 1, std::nanf(""), 1, false}, {"infinite_value", 1, -infinity, 1, false},
    {"nan_query", 1, 1, std::nanf(""), false}, {"infinite_query", 1, 1, infinity, false},
    {"large_value", 1, 1e30f, 1, true},        {"large_key", 1e15f, 1, 1e15f, true},
    {"tiny", 1e-38f, 1e-38f, 1e-38f, true},    {"zeros", 0, 0, 0, true},
};

TEST(AttentionExtremes, WhatIsNoNumberStaysVisibleAndTheRestFinite) {
  const Case c{"extremes", 3, {wide, 1, 64}, 0.125f, 0.0f, 70, 0};
  for (const KvForm form : {wide, narrow, exact})
    for (const Extreme& extreme : extremes)
      for (const Isa isa : test::all_isas) {
        if (!cpu_supports(isa)) continue;
        Case changed = c;
        changed.kv.form = form;
        Sequence sequence(changed, 34, isa);
        if (extreme.key == 0.0f) {
          std::ranges::fill(sequence.keys, 0.0f);
          std::ranges::fill(sequence.values, 0.0f);
        }
        sequence.keys[66 * 64 + 7] = extreme.key;
        sequence.values[66 * 64 + 9] = extreme.value;
        sequence.store(changed, isa);
        std::vector<float> q(3 * 64, 1.0f);
        q[5] = extreme.query;
        const AttentionRow row{sequence.storage.pages(), 0, 69};
        const std::vector<float> out = attend(changed, {&row, 1}, q, isa, 1);
        const bool finite =
            std::all_of(out.begin(), out.end(), [](float x) { return std::isfinite(x); });
        EXPECT_EQ(finite, extreme.finite) << extreme.name << " " << isa_name(isa);
      }
}

TEST(AttentionBounds, AlignedExtremesDoNotOverflowTheSums) {
  // Every product of the integers is as large as it can be, with one sign.
  for (const std::size_t size : {16u, 64u, 256u, 4096u})
    for (const KvForm form : {wide, narrow}) {
      const Case c{"aligned", 1, {form, 1, size}, 1e-3f, 0.0f, 128, 0};
      Sequence sequence(c, 35, best_isa());
      std::ranges::fill(sequence.keys, -3.0f);
      std::ranges::fill(sequence.values, -3.0f);
      sequence.store(c, best_isa());
      const std::vector<float> q(size, 3.0f);
      const AttentionRow row{sequence.storage.pages(), 0, 127};
      for (const float value : attend(c, {&row, 1}, q, best_isa(), 1))
        EXPECT_NEAR(value, -3.0f, 2e-3f);
    }
}

}  // namespace
}  // namespace croft
