#pragma once
/// What one render may use: steps and memory, and the owner of every object it makes. Strings are
/// counted while they live; lists, dicts and scopes live until the render ends, so that cycles
/// through a namespace or a macro need no collector.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "template/failure.h"

namespace croft::jinja {

struct Object {
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;
};

class Heap {
 public:
  explicit Heap(std::size_t steps_max, std::size_t bytes_max = limits::template_memory_bytes_max)
      : steps_max_(steps_max), bytes_max_(bytes_max) {}

  void step(std::size_t count = 1) {
    steps_ += count;
    if (steps_ > steps_max_) {
      stop_too_large("the template used up its budget of " + std::to_string(steps_max_) + " steps");
    }
  }
  /// Touching `bytes` costs steps too: 256 bytes copied or compared take about as long as one step.
  void work(std::size_t bytes) {
    pending_bytes_ += bytes;
    if (pending_bytes_ >= 256) {
      step(pending_bytes_ / 256);
      pending_bytes_ %= 256;
    }
  }
  void check_room(std::size_t bytes) const {
    if (bytes > bytes_max_ || used_ > bytes_max_ - bytes) {
      stop_too_large("the template needs more than its budget of " + std::to_string(bytes_max_) +
                     " bytes of memory");
    }
  }
  void charge(std::size_t bytes) {
    check_room(bytes);
    used_ += bytes;
  }
  void release(std::size_t bytes) { used_ -= bytes < used_ ? bytes : used_; }
  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }

  /// Makes an object that lives until the render ends. `extra_bytes`: what it holds besides itself.
  template <typename T, typename... Args>
  T* make(std::size_t extra_bytes, Args&&... args) {
    charge(sizeof(T) + extra_bytes + sizeof(void*));
    auto owned = std::make_unique<T>(std::forward<Args>(args)...);
    T* object = owned.get();
    objects_.push_back(std::move(owned));
    return object;
  }

 private:
  std::size_t steps_max_;
  std::size_t bytes_max_;
  std::size_t steps_ = 0;
  std::size_t pending_bytes_ = 0;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<Object>> objects_;  // last: its strings report to the counters above
};

}  // namespace croft::jinja
