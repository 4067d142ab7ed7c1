#include "model/pass.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace croft {
namespace {

/// Rows per task: fewer would cost more in waking threads than the work is.
constexpr std::size_t kRowGrain = 4;

template <typename Task>
void for_rows(Pass& pass, Task&& task) {
  pass.pool.parallel_for(pass.x.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) task(r);
  });
}

void relu(std::span<float> x) {
  for (float& value : x) value = std::max(value, 0.0f);
}

void activate_row(const Pass& pass, std::span<float> row) {
  switch (pass.config.activation) {
    case Activation::Silu:
      return silu(row, pass.isa);
    case Activation::GeluTanh:
      return gelu_tanh(row, pass.isa);
    case Activation::GeluErf:
      return gelu_erf(row, pass.isa);
    case Activation::Relu:
      return relu(row);
  }
}

AttentionOptions attention_options(const ModelConfig& c, const KvLayout& layout) {
  return {.head_count = c.head_count,
          .kv = layout,
          .scale = c.attention_scale,
          .softcap = c.attention_softcap};
}

}  // namespace

void Pass::begin(std::size_t rows, const RopeTable& table) {
  const ModelConfig& c = config;
  x.resize(rows, c.hidden_size);
  normed.resize(rows, c.hidden_size);
  branch.resize(rows, c.hidden_size);
  q.resize(rows, c.q_size());
  attended.resize(rows, c.q_size());
  k.resize(rows, c.kv_size());
  v.resize(rows, c.kv_size());
  gate.resize(rows, c.ffn_size);
  up.resize(rows, c.ffn_size);
  attention_rows.resize(rows);
  for (int set = 0; set < 2; ++set) {
    cosine[set].resize(rows, c.rope.rotated / 2);
    sine[set].resize(rows, c.rope.rotated / 2);
  }
  if (c.architecture == Architecture::Bert) return;
  for (const SequenceRows& s : sequences) {
    CHECK(s.first_row + s.count <= rows);
    for (std::size_t i = 0; i < s.count; ++i) {
      const std::size_t r = s.first_row + i;
      const std::size_t position = s.position + i;
      table.fill(s.rope_long ? RopeSet::GlobalLong : RopeSet::Global, position, cosine[0].row(r),
                 sine[0].row(r));
      if (c.window != 0) table.fill(RopeSet::Local, position, cosine[1].row(r), sine[1].row(r));
    }
  }
}

void normalize(Pass& pass, Buffer& in, const Norm& norm, Buffer& out, NormKind kind) {
  const float epsilon = pass.config.norm_epsilon;
  for_rows(pass, [&](std::size_t r) {
    if (kind == NormKind::Rms)
      rms_norm(in.row(r), norm.weight, epsilon, out.row(r), pass.isa);
    else
      layer_norm(in.row(r), norm.weight, norm.bias, epsilon, out.row(r), pass.isa);
  });
}

void normalize_heads(Pass& pass, Buffer& heads, const Norm& norm) {
  const std::size_t size = pass.config.head_size;
  for_rows(pass, [&](std::size_t r) {
    const std::span<float> row = heads.row(r);
    for (std::size_t begin = 0; begin < row.size(); begin += size) {
      const std::span<float> head = row.subspan(begin, size);
      rms_norm(head, norm.weight, pass.config.norm_epsilon, head, pass.isa);
    }
  });
}

namespace {

/// Adds a bias to the columns that are there.
void add_bias(Pass& pass, std::span<const float> bias, MatrixView<float> out, std::size_t first,
              std::size_t count) {
  if (bias.empty()) return;
  for (std::size_t r = 0; r < out.rows; ++r) {
    const std::span<float> part = out.row(r).subspan(first, count);
    add(part, bias.subspan(first, count), part, pass.isa);
  }
}

/// gate = activation(gate) * up for a part of a row, into up.
void gate_part(const Pass& pass, std::span<float> gate, std::span<float> up) {
  switch (pass.config.activation) {
    // The two that published models use have a fused kernel.
    case Activation::Silu:
      return silu_mul(gate, up, up, pass.isa);
    case Activation::GeluTanh:
      return gelu_tanh_mul(gate, up, up, pass.isa);
    case Activation::GeluErf:
    case Activation::Relu:
      activate_row(pass, gate);
      std::ranges::transform(gate, up, up.begin(), std::multiplies<>());
  }
}

}  // namespace

void project(Pass& pass, const Linear& linear, Buffer& in, Buffer& out) {
  const Product product{&linear.matrix, out.view()};
  matmul({&product, 1}, in.view(), pass.isa, pass.pool,
         {.done = [&](std::size_t, std::size_t first, std::size_t count) {
           add_bias(pass, linear.bias, product.out, first, count);
         }});
}

void project_qkv(Pass& pass, const LayerWeights& layer, Buffer& in) {
  const Linear* linears[] = {&layer.q, &layer.k, &layer.v};
  const Product products[] = {{&layer.q.matrix, pass.q.view()},
                              {&layer.k.matrix, pass.k.view()},
                              {&layer.v.matrix, pass.v.view()}};
  matmul(products, in.view(), pass.isa, pass.pool,
         {.done = [&](std::size_t product, std::size_t first, std::size_t count) {
           add_bias(pass, linears[product]->bias, products[product].out, first, count);
         }});
}

void project_onto_x(Pass& pass, const Linear& linear, Buffer& in, float factor) {
  const Product product{&linear.matrix, pass.branch.view()};
  matmul({&product, 1}, in.view(), pass.isa, pass.pool,
         {.done = [&](std::size_t, std::size_t first, std::size_t count) {
           add_bias(pass, linear.bias, product.out, first, count);
           for (std::size_t r = 0; r < product.out.rows; ++r) {
             const std::span<float> branch = product.out.row(r).subspan(first, count);
             const std::span<float> x = pass.x.row(r).subspan(first, count);
             if (factor != 1.0f) scale(branch, factor, pass.isa);
             add(x, branch, x, pass.isa);
           }
         }});
}

void gated_up(Pass& pass, const LayerWeights& layer, Buffer& in) {
  const Product products[] = {{&layer.gate.matrix, pass.gate.view()},
                              {&layer.up.matrix, pass.up.view()}};
  matmul(products, in.view(), pass.isa, pass.pool,
         {.together = true, .done = [&](std::size_t, std::size_t first, std::size_t count) {
            add_bias(pass, layer.gate.bias, products[0].out, first, count);
            add_bias(pass, layer.up.bias, products[1].out, first, count);
            for (std::size_t r = 0; r < products[0].out.rows; ++r)
              gate_part(pass, products[0].out.row(r).subspan(first, count),
                        products[1].out.row(r).subspan(first, count));
          }});
}

void rotate(Pass& pass, std::size_t layer) {
  const ModelConfig& c = pass.config;
  if (!c.layer_ropes[layer]) return;
  const int set = c.layer_slides[layer] && c.architecture == Architecture::Gemma3 ? 1 : 0;
  for_rows(pass, [&](std::size_t r) {
    const std::span<float> cosine = pass.cosine[set].row(r);
    const std::span<float> sine = pass.sine[set].row(r);
    rope(pass.q.row(r), c.head_size, cosine, sine, c.rope.style, pass.isa);
    rope(pass.k.row(r), c.head_size, cosine, sine, c.rope.style, pass.isa);
  });
}

void attend_cached(Pass& pass, std::size_t layer) {
  const ModelConfig& c = pass.config;
  CHECK(pass.kv != nullptr);
  const KvLayout& layout = pass.kv->layout();
  pass.kv_runs.clear();
  for (const SequenceRows& s : pass.sequences) {
    CHECK(s.kv != nullptr && s.position + s.count <= s.kv->capacity());
    const KvPages pages = s.kv->layer(layer);
    pass.kv_runs.push_back({pages, s.position, s.first_row, s.count});
    for (std::size_t i = 0; i < s.count; ++i) {
      const std::size_t position = s.position + i;
      const bool slides = c.layer_slides[layer] && position + 1 > c.window;
      pass.attention_rows[s.first_row + i] = {pages, slides ? position + 1 - c.window : 0,
                                              position};
    }
  }
  store_kv(layout, pass.kv_runs, pass.k.view(), pass.v.view(), pass.isa, pass.pool);
  attention(pass.attention_rows, pass.q.view(), pass.attended.view(), attention_options(c, layout),
            pass.isa, pass.pool);
}

void attend_within(Pass& pass) {
  constexpr std::size_t alignment = 64;
  const ModelConfig& c = pass.config;
  const KvLayout layout{KvForm::Bits16, c.kv_head_count, c.head_size};
  std::size_t pages = 0;
  for (const SequenceRows& s : pass.sequences) pages += kv_page_count(s.count);
  const std::size_t bytes = pages * layout.page_bytes() + alignment;
  if (pass.kv_within.size() < bytes) pass.kv_within.resize(bytes);
  const auto begin = reinterpret_cast<std::uintptr_t>(pass.kv_within.data());
  std::byte* page = pass.kv_within.data() + (alignment - begin % alignment);
  pass.kv_within_pages.resize(pages);
  for (std::byte*& to : pass.kv_within_pages) {
    to = page;
    page += layout.page_bytes();
  }
  pass.kv_runs.clear();
  std::byte* const* next = pass.kv_within_pages.data();
  for (const SequenceRows& s : pass.sequences) {
    pass.kv_runs.push_back({{next, 0}, 0, s.first_row, s.count});
    for (std::size_t i = 0; i < s.count; ++i)
      pass.attention_rows[s.first_row + i] = {{next, 0}, 0, s.count - 1};
    next += kv_page_count(s.count);
  }
  store_kv(layout, pass.kv_runs, pass.k.view(), pass.v.view(), pass.isa, pass.pool);
  attention(pass.attention_rows, pass.q.view(), pass.attended.view(), attention_options(c, layout),
            pass.isa, pass.pool);
}

void activate(Pass& pass, Buffer& buffer) {
  for_rows(pass, [&](std::size_t r) { activate_row(pass, buffer.row(r)); });
}

void add_branch(Pass& pass, float factor) {
  for_rows(pass, [&](std::size_t r) {
    const std::span<float> branch = pass.branch.row(r);
    if (factor != 1.0f) scale(branch, factor, pass.isa);
    add(pass.x.row(r), branch, pass.x.row(r), pass.isa);
  });
}

}  // namespace croft
