#pragma once
/// Cosines and sines of rotary positions.

#include <span>
#include <vector>

#include "model/config.h"

namespace croft {

/// Which of a model's frequency sets a layer uses.
enum class RopeSet : unsigned char {
  Global,      ///< full-attention layers; the short factors of longrope
  GlobalLong,  ///< longrope past the original context
  Local,       ///< sliding layers with a base of their own (Gemma 3)
};

/// Frequencies in float32, in the order of operations that the reference uses (transformers): at
/// position 8000 an angle's float32 rounding is 5e-4 rad, so computing it "better" would move away
/// from the trained model.
class RopeTable {
 public:
  explicit RopeTable(const RopeConfig& config);

  /// Fills [rotated / 2] cosines and sines for one position.
  void fill(RopeSet set, std::size_t position, std::span<float> cosine,
            std::span<float> sine) const;

 private:
  std::vector<float> frequencies_[3];
  float magnitude_ = 1.0f;
};

}  // namespace croft
