#pragma once
/// For tests and fuzzing: a ResponseWriter that remembers, and runs posted tasks when it is told
/// to.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "server/http.h"

namespace croft::testing {

class RecordingWriter final : public ResponseWriter {
 public:
  void send(HttpResponse response) override {
    post([this, response = std::move(response)] {
      ++answers_count;
      answer = response;
      ended = true;
    });
  }
  void begin_stream(HttpResponse head) override {
    post([this, head = std::move(head)] {
      ++answers_count;
      answer = head;
      streaming = true;
    });
  }
  void write(std::string bytes) override {
    post([this, bytes = std::move(bytes)] { answer.body += bytes; });
  }
  void end_stream(bool keep_alive) override {
    post([this, keep_alive] {
      ended = true;
      closed = !keep_alive;
    });
  }
  void post(std::function<void()> task) override {
    {
      const std::scoped_lock lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_all();
  }

  /// Runs posted tasks until the answer has ended; false after five seconds without one.
  bool run_until_ended() {
    while (!ended) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait_for(lock, std::chrono::seconds(5), [&] { return !tasks_.empty(); }))
          return false;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
    return true;
  }
  /// Runs what has been posted, without waiting.
  void run_posted() {
    for (;;) {
      std::function<void()> task;
      {
        const std::scoped_lock lock(mutex_);
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  HttpResponse answer;
  int answers_count = 0;
  bool streaming = false;
  bool ended = false;
  bool closed = false;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
};

}  // namespace croft::testing
