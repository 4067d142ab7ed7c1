// Goal: attention is softmax(q kᵀ) v over exactly the visible positions, for every cache type and
// head layout, and a row's result depends on nothing but that row. Method: a double-precision model
// over the stored (already rounded) keys and values; bitwise comparison of batches and thread
// counts. Seeds are fixed.
#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "kernels/dequantize.h"
#include "kernels/test_support.h"

namespace croft {
namespace {

struct Case {
  const char* name;
  TensorType type;
  AttentionOptions options;
  std::size_t positions;
  std::size_t window;  ///< 0: none
};

constexpr Case cases[] = {
    {"gqa_f32", TensorType::F32, {9, 3, 64, 0.125f, 0.0f}, 150, 0},
    {"gqa_f16", TensorType::F16, {9, 3, 64, 0.125f, 0.0f}, 150, 0},
    {"gqa_bf16", TensorType::BF16, {4, 2, 32, 0.2f, 0.0f}, 70, 0},
    {"gqa_q8_0", TensorType::Q8_0, {4, 2, 64, 0.125f, 0.0f}, 130, 0},
    {"one_kv_head_window", TensorType::F32, {4, 1, 256, 0.0625f, 0.0f}, 200, 33},
    {"odd_head_size_softcap", TensorType::F16, {6, 3, 20, 0.3f, 2.0f}, 90, 0},
    {"q8_0_head_inside_block", TensorType::Q8_0, {4, 4, 24, 0.2f, 5.0f}, 66, 10},
    {"one_kv_head_q8_0", TensorType::Q8_0, {5, 1, 64, 0.125f, 0.0f}, 140, 75},
    {"one_position", TensorType::F32, {2, 2, 16, 0.25f, 0.0f}, 1, 0},
};

/// A sequence's cache with random contents.
struct Cache {
  Cache(const Case& c, std::uint32_t seed) : options(c.options), type(c.type) {
    const std::size_t width = options.kv_head_count * options.head_size;
    bytes_per_row = static_cast<std::size_t>(*row_bytes(type, width));
    test::Random random(seed);
    for (std::vector<std::byte>* part : {&keys, &values}) {
      part->resize(c.positions * bytes_per_row);
      for (std::size_t p = 0; p < c.positions; ++p)
        store_kv_row(type, random.floats(width, -2.0f, 2.0f), part->data() + p * bytes_per_row);
    }
  }
  [[nodiscard]] KvView view() const { return {type, keys.data(), values.data(), bytes_per_row}; }
  [[nodiscard]] std::vector<float> row(const std::vector<std::byte>& part, std::size_t p) const {
    std::vector<float> out(options.kv_head_count * options.head_size);
    dequantize_reference(type, part.data() + p * bytes_per_row, out.size(), out.data());
    return out;
  }
  AttentionOptions options;
  TensorType type;
  std::size_t bytes_per_row = 0;
  std::vector<std::byte> keys;
  std::vector<std::byte> values;
};

/// Values reach 2; scores err by a few steps of their size, and exp turns that into a relative
/// error. Over Q8_0 keys a query is rounded to 16 bits: half a step is 2 / 65534, whose random
/// signs over 64 elements make a score err by 2e-5 (root mean square) and the outcome by at most
/// four times that.
double tolerance(TensorType type) {
  return type == TensorType::Q8_0 ? 8e-5 : 1e-5;
}

std::vector<double> model_row(const Cache& cache, const float* q, const AttentionRow& row) {
  const AttentionOptions& o = cache.options;
  std::vector<double> out(o.head_count * o.head_size, 0.0);
  for (std::size_t h = 0; h < o.head_count; ++h) {
    const std::size_t kv_offset = h / (o.head_count / o.kv_head_count) * o.head_size;
    std::vector<double> weights;
    double total = 0.0;
    for (std::size_t p = row.first; p <= row.last; ++p) {
      const std::vector<float> key = cache.row(cache.keys, p);
      double score = 0.0;
      for (std::size_t i = 0; i < o.head_size; ++i)
        score +=
            static_cast<double>(q[h * o.head_size + i]) * static_cast<double>(key[kv_offset + i]);
      score *= static_cast<double>(o.scale);
      const double cap = static_cast<double>(o.softcap);
      if (cap > 0.0) score = cap * std::tanh(score / cap);
      weights.push_back(std::exp(score));
      total += weights.back();
    }
    for (std::size_t p = row.first; p <= row.last; ++p) {
      const std::vector<float> value = cache.row(cache.values, p);
      for (std::size_t i = 0; i < o.head_size; ++i)
        out[h * o.head_size + i] +=
            weights[p - row.first] / total * static_cast<double>(value[kv_offset + i]);
    }
  }
  return out;
}

/// One query row per position of the case: causal, with the case's window.
std::vector<AttentionRow> causal_rows(const Case& c, const Cache& cache) {
  std::vector<AttentionRow> rows;
  for (std::size_t p = 0; p < c.positions; ++p) {
    const std::size_t first = c.window != 0 && p + 1 > c.window ? p + 1 - c.window : 0;
    rows.push_back({cache.view(), first, p});
  }
  return rows;
}

class Attention : public testing::TestWithParam<std::tuple<Case, Isa>> {
 protected:
  void SetUp() override {
    const Isa isa = std::get<1>(GetParam());
    if (!cpu_supports(isa)) GTEST_SKIP() << "this processor lacks " << isa_name(isa);
  }
  static std::vector<float> run(std::span<const AttentionRow> rows, const std::vector<float>& q,
                                const AttentionOptions& options, std::size_t threads) {
    ThreadPool pool(threads);
    std::vector<float> out(q.size(), std::nanf(""));
    const std::size_t cols = options.head_count * options.head_size;
    attention(rows, {q.data(), rows.size(), cols}, {out.data(), rows.size(), cols}, options,
              std::get<1>(GetParam()), pool);
    return out;
  }
};

TEST_P(Attention, MatchesTheModel) {
  const Case& c = std::get<0>(GetParam());
  const Cache cache(c, 21);
  const std::vector<AttentionRow> rows = causal_rows(c, cache);
  const std::size_t cols = c.options.head_count * c.options.head_size;
  test::Random random(22);
  const std::vector<float> q = random.floats(rows.size() * cols, -2.0f, 2.0f);
  const std::vector<float> out = run(rows, q, c.options, 2);
  for (std::size_t r = 0; r < rows.size(); r += 7) {
    const std::vector<double> expected = model_row(cache, q.data() + r * cols, rows[r]);
    for (std::size_t i = 0; i < cols; ++i)
      ASSERT_NEAR(static_cast<double>(out[r * cols + i]), expected[i], tolerance(c.type))
          << "row " << r << ", element " << i;
  }
}

TEST_P(Attention, DoesNotDependOnBatchOrThreads) {
  const Case& c = std::get<0>(GetParam());
  const Cache one(c, 23);
  const Cache other(c, 24);
  // Rows of two sequences, interleaved: no group of rows is whole.
  std::vector<AttentionRow> rows = causal_rows(c, one);
  for (std::size_t r = 0; r < rows.size(); r += 3) rows[r].kv = other.view();
  const std::size_t cols = c.options.head_count * c.options.head_size;
  test::Random random(25);
  const std::vector<float> q = random.floats(rows.size() * cols);
  const std::vector<float> out = run(rows, q, c.options, 3);
  const std::vector<float> again = run(rows, q, c.options, 1);
  EXPECT_EQ(std::memcmp(out.data(), again.data(), out.size() * sizeof(float)), 0);
  const std::vector<AttentionRow> unmixed = causal_rows(c, one);
  const std::vector<float> grouped = run(unmixed, q, c.options, 2);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::vector<float> single_q(q.begin() + static_cast<std::ptrdiff_t>(r * cols),
                                      q.begin() + static_cast<std::ptrdiff_t>((r + 1) * cols));
    const std::vector<float> single = run({&rows[r], 1}, single_q, c.options, 1 + r % 5);
    ASSERT_EQ(std::memcmp(single.data(), out.data() + r * cols, cols * sizeof(float)), 0)
        << "row " << r;
    if (r % 3 != 0) {
      ASSERT_EQ(std::memcmp(single.data(), grouped.data() + r * cols, cols * sizeof(float)), 0)
          << "row " << r << " in a whole group";
    }
  }
}

TEST_P(Attention, EncoderRowsSeeEverything) {
  const Case& c = std::get<0>(GetParam());
  const Cache cache(c, 26);
  std::vector<AttentionRow> rows(c.positions, {cache.view(), 0, c.positions - 1});
  const std::size_t cols = c.options.head_count * c.options.head_size;
  test::Random random(27);
  const std::vector<float> q = random.floats(rows.size() * cols);
  const std::vector<float> out = run(rows, q, c.options, 2);
  const std::vector<double> expected = model_row(cache, q.data(), rows[0]);
  for (std::size_t i = 0; i < cols; ++i)
    ASSERT_NEAR(static_cast<double>(out[i]), expected[i], tolerance(c.type));
}

INSTANTIATE_TEST_SUITE_P(AllCases, Attention,
                         testing::Combine(testing::ValuesIn(cases),
                                          testing::ValuesIn(test::all_isas)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  test::label(std::get<1>(test.param));
                         });

TEST(StoreKvRow, RoundsWithinHalfAStep) {
  test::Random random(28);
  std::vector<float> row = random.floats(96, -3.0f, 3.0f);
  std::fill_n(row.begin() + 32, 32, 0.0f);
  std::vector<std::byte> stored(static_cast<std::size_t>(*row_bytes(TensorType::Q8_0, 96)));
  store_kv_row(TensorType::Q8_0, row, stored.data());
  std::vector<float> back(96);
  dequantize_reference(TensorType::Q8_0, stored.data(), 96, back.data());
  // Half a step of 3/127, and the scale itself is rounded to 11 bits: 127 steps * 2^-11 / 2 more.
  for (std::size_t i = 0; i < 96; ++i) EXPECT_NEAR(back[i], row[i], 3.0f / 127.0f * 0.54f);
  for (std::size_t i = 32; i < 64; ++i) EXPECT_EQ(back[i], 0.0f);
  row[5] = std::nanf("");
  row[40] = INFINITY;
  store_kv_row(TensorType::Q8_0, row, stored.data());  // must not be undefined; the sanitizers look
}

}  // namespace
}  // namespace croft
