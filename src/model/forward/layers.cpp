#include "model/forward/layers.h"

#include "base/check.h"

namespace croft {

LayerFunction layer_function(Architecture architecture) {
  switch (architecture) {
    case Architecture::Llama:
      return llama_layer;
    case Architecture::Qwen2:
      return qwen2_layer;
    case Architecture::Qwen3:
      return qwen3_layer;
    case Architecture::Gemma2:
      return gemma2_layer;
    case Architecture::Gemma3:
      return gemma3_layer;
    case Architecture::Phi3:
      return phi3_layer;
    case Architecture::SmolLm3:
      return smollm3_layer;
    case Architecture::Granite:
      return granite_layer;
    case Architecture::Olmo2:
      return olmo2_layer;
    case Architecture::Bert:
      return bert_layer;
    case Architecture::NomicBert:
      return nomic_bert_layer;
  }
  CHECK(false);
}

}  // namespace croft
