#include "model/tensor_names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace croft {
namespace {

TensorNames bert_folder(const std::string& prefix) {
  TensorNames names;
  names.layer_prefix = prefix + "encoder.layer.";
  names.embedding = prefix + "embeddings.word_embeddings";
  names.positions = prefix + "embeddings.position_embeddings";
  names.token_types = prefix + "embeddings.token_type_embeddings";
  names.embedding_norm = prefix + "embeddings.LayerNorm";
  LayerTensorNames& layer = names.layer;
  layer.attention_post_norm = "attention.output.LayerNorm";
  layer.ffn_post_norm = "output.LayerNorm";
  layer.q = "attention.self.query";
  layer.k = "attention.self.key";
  layer.v = "attention.self.value";
  layer.o = "attention.output.dense";
  layer.up = "intermediate.dense";
  layer.down = "output.dense";
  return names;
}

TensorNames nomic_folder(const std::string& prefix) {
  TensorNames names;
  names.layer_prefix = prefix + "encoder.layers.";
  names.embedding = prefix + "embeddings.word_embeddings";
  names.token_types = prefix + "embeddings.token_type_embeddings";
  names.embedding_norm = prefix + "emb_ln";
  LayerTensorNames& layer = names.layer;
  layer.attention_post_norm = "norm1";
  layer.ffn_post_norm = "norm2";
  layer.qkv = "attn.Wqkv";
  layer.o = "attn.out_proj";
  layer.up = "mlp.fc11";
  layer.gate = "mlp.fc12";
  layer.down = "mlp.fc2";
  return names;
}

TensorNames decoder_folder(Architecture architecture, const std::string& prefix) {
  TensorNames names;
  names.layer_prefix = prefix + "layers.";
  names.embedding = prefix + "embed_tokens";
  // The head stands beside the model, outside its prefix: model.layers -> lm_head, x.model.layers
  // -> x.lm_head.
  names.output = prefix == "language_model.model." ? "language_model.lm_head" : "lm_head";
  names.final_norm = prefix + "norm";
  const bool gemma = architecture == Architecture::Gemma2 || architecture == Architecture::Gemma3;
  LayerTensorNames& layer = names.layer;
  if (architecture != Architecture::Olmo2) layer.attention_norm = "input_layernorm";
  if (gemma || architecture == Architecture::Olmo2) {
    layer.attention_post_norm = "post_attention_layernorm";
    layer.ffn_post_norm = "post_feedforward_layernorm";
    if (gemma) layer.ffn_norm = "pre_feedforward_layernorm";
  } else {
    layer.ffn_norm =
        "post_attention_layernorm";  // named for its place: it is the norm before the MLP
  }
  layer.q = "self_attn.q_proj";
  layer.k = "self_attn.k_proj";
  layer.v = "self_attn.v_proj";
  layer.o = "self_attn.o_proj";
  layer.qkv = "self_attn.qkv_proj";
  layer.q_norm = "self_attn.q_norm";
  layer.k_norm = "self_attn.k_norm";
  layer.gate = "mlp.gate_proj";
  layer.up = "mlp.up_proj";
  layer.gate_up = "mlp.gate_up_proj";
  layer.down = "mlp.down_proj";
  return names;
}

}  // namespace

TensorNames gguf_names(Architecture architecture) {
  const bool encoder =
      architecture == Architecture::Bert || architecture == Architecture::NomicBert;
  TensorNames names;
  names.layer_prefix = "blk.";
  names.embedding = "token_embd";
  LayerTensorNames& layer = names.layer;
  layer.q = "attn_q";
  layer.k = "attn_k";
  layer.v = "attn_v";
  layer.o = "attn_output";
  layer.qkv = "attn_qkv";
  layer.gate = "ffn_gate";
  layer.up = "ffn_up";
  layer.down = "ffn_down";
  if (encoder) {
    names.positions = "position_embd";
    names.token_types = "token_types";
    names.embedding_norm = "token_embd_norm";
    layer.attention_post_norm = "attn_output_norm";
    layer.ffn_post_norm = "layer_output_norm";
    return names;
  }
  names.output = "output";
  names.final_norm = "output_norm";
  layer.attention_norm = "attn_norm";
  layer.attention_post_norm = "post_attention_norm";
  layer.ffn_norm = "ffn_norm";
  layer.ffn_post_norm = "post_ffw_norm";
  layer.q_norm = "attn_q_norm";
  layer.k_norm = "attn_k_norm";
  if (architecture == Architecture::Phi3) layer.gate_up = "ffn_up";  // twice the rows, no ffn_gate
  return names;
}

TensorNames hugging_face_names(Architecture architecture, const TensorSource& source) {
  constexpr std::array<std::string_view, 6> prefixes = {
      "model.", "", "language_model.model.", "model.language_model.", "bert.", "nomic_bert."};
  std::string prefix = "model.";
  for (const std::string_view candidate : prefixes) {
    const std::string p(candidate);
    if (source.contains(p + "embed_tokens.weight") ||
        source.contains(p + "embeddings.word_embeddings.weight")) {
      prefix = p;
      break;
    }
  }
  if (architecture == Architecture::Bert) return bert_folder(prefix);
  if (architecture == Architecture::NomicBert) return nomic_folder(prefix);
  return decoder_folder(architecture, prefix);
}

bool is_ignorable_tensor(const std::string& name) {
  constexpr std::array<std::string_view, 11> beginnings = {"pooler.",
                                                           "bert.pooler.",
                                                           "cls.",
                                                           "classifier.",
                                                           "vision_tower.",
                                                           "model.vision_tower.",
                                                           "multi_modal_projector.",
                                                           "model.multi_modal_projector.",
                                                           "rope_freqs",
                                                           "rope_factors_",
                                                           "mm."};
  constexpr std::array<std::string_view, 4> endings = {
      "rotary_emb.inv_freq", "position_ids", "attention.masked_bias", "rotary_emb.freqs_cis"};
  return std::ranges::any_of(beginnings, [&](auto part) { return name.starts_with(part); }) ||
         std::ranges::any_of(endings, [&](auto part) { return name.ends_with(part); });
}

}  // namespace croft
