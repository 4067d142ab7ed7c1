#include "model/forward/layers.h"

#include "base/check.h"

namespace croft {

LayerFunction layer_function(Architecture architecture) {
  switch (architecture) {
    case Architecture::Llama:
    case Architecture::Qwen2:
    case Architecture::Phi3:
    case Architecture::SmolLm3:
    case Architecture::Granite:
      return llama_layer;
    case Architecture::Qwen3:
      return qwen3_layer;
    case Architecture::Gemma2:
      return gemma2_layer;
    case Architecture::Gemma3:
      return gemma3_layer;
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
