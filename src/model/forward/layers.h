#pragma once
/// One transformer layer per architecture: reads and writes pass.x [rows, hidden]. Each is one
/// function that reads top to bottom like the paper; what they are made of stands in model/pass.h.

#include <cstddef>

#include "model/pass.h"

namespace croft {

using LayerFunction = void (*)(Pass& pass, std::size_t layer);

void llama_layer(Pass& pass, std::size_t layer);       // llama.cpp
void qwen2_layer(Pass& pass, std::size_t layer);       // qwen.cpp
void qwen3_layer(Pass& pass, std::size_t layer);       // qwen.cpp
void gemma2_layer(Pass& pass, std::size_t layer);      // gemma.cpp
void gemma3_layer(Pass& pass, std::size_t layer);      // gemma.cpp
void phi3_layer(Pass& pass, std::size_t layer);        // phi3.cpp
void smollm3_layer(Pass& pass, std::size_t layer);     // smollm3.cpp
void granite_layer(Pass& pass, std::size_t layer);     // granite.cpp
void olmo2_layer(Pass& pass, std::size_t layer);       // olmo2.cpp
void bert_layer(Pass& pass, std::size_t layer);        // bert.cpp
void nomic_bert_layer(Pass& pass, std::size_t layer);  // nomic_bert.cpp

/// The function of an architecture.
[[nodiscard]] LayerFunction layer_function(Architecture architecture);

}  // namespace croft
