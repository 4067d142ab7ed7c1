#pragma once
/// Further short answers of the local model to the same prompt, and how many agree with the first:
/// agreement says what log-probabilities alone do not. They share the prompt's cached keys.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/routing/local_attempt.h"

namespace croft {

/// Everything on the connection's thread.
class SampleRound : public std::enable_shared_from_this<SampleRound> {
 public:
  /// Share of the samples that agree, 0 to 1; a sample that failed does not.
  using Sink = std::function<void(double agreement)>;

  /// `answer`: what the first answer says. Samples agree where their last lines say the same.
  SampleRound(std::string answer, std::size_t count, Sink sink);
  /// `request`: that of the first answer; each sample is drawn with a seed of its own.
  void start(const ModelLease& engine, const TextRequest& request,
             const std::shared_ptr<ResponseWriter>& writer);
  void cancel();

 private:
  class Sample;
  void heard(const std::string& text, bool whole);

  std::string answer_;
  std::size_t count_;
  Sink sink_;
  std::vector<std::shared_ptr<LocalAttempt>> attempts_;
  std::size_t done_ = 0;
  std::size_t agreeing_ = 0;
};

}  // namespace croft
