#include "kernels/ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "kernels/kernel_table.h"

namespace croft {

void rms_norm(std::span<const float> x, std::span<const float> weight, float epsilon,
              std::span<float> out, Isa isa) {
  CHECK(!x.empty() && out.size() == x.size() && (weight.empty() || weight.size() == x.size()));
  kernel_table(isa).rms_norm(x.data(), weight.empty() ? nullptr : weight.data(), epsilon,
                             out.data(), x.size());
}

void layer_norm(std::span<const float> x, std::span<const float> weight,
                std::span<const float> bias, float epsilon, std::span<float> out, Isa isa) {
  CHECK(!x.empty() && out.size() == x.size() && weight.size() == x.size() &&
        (bias.empty() || bias.size() == x.size()));
  kernel_table(isa).layer_norm(x.data(), weight.data(), bias.empty() ? nullptr : bias.data(),
                               epsilon, out.data(), x.size());
}

void softmax(std::span<float> x, Isa isa) {
  kernel_table(isa).softmax(x.data(), x.size());
}

void silu_mul(std::span<const float> gate, std::span<const float> up, std::span<float> out,
              Isa isa) {
  CHECK(gate.size() == up.size() && gate.size() == out.size());
  kernel_table(isa).silu_mul(gate.data(), up.data(), out.data(), out.size());
}

void gelu_tanh_mul(std::span<const float> gate, std::span<const float> up, std::span<float> out,
                   Isa isa) {
  CHECK(gate.size() == up.size() && gate.size() == out.size());
  kernel_table(isa).gelu_tanh_mul(gate.data(), up.data(), out.data(), out.size());
}

void silu(std::span<float> x, Isa isa) {
  kernel_table(isa).silu(x.data(), x.size());
}
void gelu_tanh(std::span<float> x, Isa isa) {
  kernel_table(isa).gelu_tanh(x.data(), x.size());
}
void gelu_erf(std::span<float> x, Isa isa) {
  kernel_table(isa).gelu_erf(x.data(), x.size());
}

void add(std::span<const float> a, std::span<const float> b, std::span<float> out, Isa isa) {
  CHECK(a.size() == b.size() && a.size() == out.size());
  kernel_table(isa).add(a.data(), b.data(), out.data(), out.size());
}

void scale(std::span<float> x, float factor, Isa isa) {
  kernel_table(isa).scale(x.data(), factor, x.size());
}

void softcap(std::span<float> x, float cap, Isa isa) {
  CHECK(cap > 0.0f);
  kernel_table(isa).softcap(x.data(), cap, x.size());
}

void rope(std::span<float> row, std::size_t head_size, std::span<const float> cosine,
          std::span<const float> sine, RopeStyle style, Isa isa) {
  const std::size_t half = cosine.size();
  CHECK(head_size > 0 && row.size() % head_size == 0 && sine.size() == half &&
        half <= head_size / 2);
  const KernelTable& kernels = kernel_table(isa);
  for (std::size_t start = 0; start < row.size(); start += head_size) {
    float* head = row.data() + start;
    if (style == RopeStyle::Halves) {
      kernels.rope_halves(head, cosine.data(), sine.data(), half);
      continue;
    }
    for (std::size_t i = 0; i < half; ++i) {
      const float a = head[2 * i];
      const float b = head[2 * i + 1];
      head[2 * i] = a * cosine[i] - b * sine[i];
      head[2 * i + 1] = b * cosine[i] + a * sine[i];
    }
  }
}

float dot(std::span<const float> a, std::span<const float> b, Isa isa) {
  CHECK(a.size() == b.size());
  return kernel_table(isa).dot(a.data(), b.data(), a.size());
}

double log_sum_exp(std::span<const float> x) {
  if (x.empty()) return -std::numeric_limits<double>::infinity();
  const double peak = *std::ranges::max_element(x);
  if (std::isinf(peak)) return peak;
  double sum = 0.0;
  for (const float value : x) sum += std::exp(static_cast<double>(value) - peak);
  return peak + std::log(sum);
}

void log_softmax(std::span<const float> x, std::span<float> out) {
  CHECK(x.size() == out.size());
  const double total = log_sum_exp(x);
  for (std::size_t i = 0; i < x.size(); ++i)
    out[i] = static_cast<float>(static_cast<double>(x[i]) - total);
}

}  // namespace croft
