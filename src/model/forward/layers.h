#pragma once
/// One transformer layer per family: reads and writes pass.x [rows, hidden]. Each is one function
/// that reads top to bottom like the paper; what they are made of stands in model/pass.h.
/// Architectures that differ only in weights or settings share a function (see llama.cpp).

#include <cstddef>

#include "model/pass.h"

namespace croft {

using LayerFunction = void (*)(Pass& pass, std::size_t layer);

void llama_layer(Pass& pass, std::size_t layer);  // llama.cpp: also Qwen 2, Phi-3, SmolLM3, Granite
void qwen3_layer(Pass& pass, std::size_t layer);  // qwen3.cpp
void gemma2_layer(Pass& pass, std::size_t layer);      // gemma.cpp
void gemma3_layer(Pass& pass, std::size_t layer);      // gemma.cpp
void olmo2_layer(Pass& pass, std::size_t layer);       // olmo2.cpp
void bert_layer(Pass& pass, std::size_t layer);        // bert.cpp
void nomic_bert_layer(Pass& pass, std::size_t layer);  // nomic_bert.cpp

/// The function of an architecture.
[[nodiscard]] LayerFunction layer_function(Architecture architecture);

}  // namespace croft
