// Goal: finished requests reach a collector once, in batches; where it is slow, refusing or gone,
// nothing grows and nobody waits, every span is accounted for, and it recovers. Method: a real
// collector on this machine that answers as it is told, many threads, and a wrong one each time.
#include "router/trace/otlp_exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>

#include "router/trace/genai_spans.h"
#include "router/trace/test_collector.h"
#include "router/trace/test_trace.h"

namespace croft {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

OtlpOptions quick(std::string endpoint) {
  return {.endpoint = std::move(endpoint),
          .delay = 5ms,
          .timeout = 10s,
          .retry_pause = 2ms,
          .retry_pause_max = 10ms};
}

/// A request of one span.
RouteTrace small(const std::string& name) {
  RouteTrace trace = test_trace();
  trace.requested_model = name;
  trace.attempts.clear();
  trace.answered_by.reset();
  return trace;
}

template <typename Condition>
bool soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

std::uint64_t settled(const OtlpCounts& counts) {
  return counts.exported + counts.dropped + counts.failed + counts.rejected;
}

TEST(OtlpExporter, SendsSpansAsOtlpJson) {
  TestCollector collector([](std::size_t) { return TestCollector::answer(200); });
  HttpTransfers transfers;
  OtlpOptions options = quick(collector.url(""));
  options.headers = {"Authorization: Bearer key-1"};
  options.resource.service_version = "1.2.3";
  const auto exporter = OtlpExporter::make(options, transfers).value();
  exporter->record(test_trace());
  exporter->shutdown(20s);

  const auto requests = collector.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].head, HasSubstr("POST /v1/traces HTTP/1.1"));
  EXPECT_THAT(requests[0].head, HasSubstr("Content-Type: application/json"));
  EXPECT_THAT(requests[0].head, HasSubstr("Authorization: Bearer key-1"));
  EXPECT_EQ(requests[0].body, otlp_json(genai_spans(test_trace()), options.resource));
  EXPECT_EQ(exporter->counts().exported, 3u);
  EXPECT_EQ(exporter->counts().recorded, 3u);
}

TEST(OtlpExporter, SendsASmallBatchAfterTheDelayAndAFullOneAtOnce) {
  TestCollector collector([](std::size_t) { return TestCollector::answer(200); });
  HttpTransfers transfers;
  OtlpOptions options = quick(collector.url());
  options.delay = 1h;
  options.batch_spans_max = 4;
  {
    const auto exporter = OtlpExporter::make(options, transfers).value();
    for (int i = 0; i < 4; ++i) exporter->record(small(std::to_string(i)));
    EXPECT_TRUE(soon([&] { return exporter->counts().exported == 4; }));
    exporter->record(small("late"));
    exporter->shutdown(20s);
    EXPECT_EQ(exporter->counts().exported, 5u);
  }
  const auto requests = collector.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(TestCollector::span_names(requests[0].body),
              ElementsAre("chat 0", "chat 1", "chat 2", "chat 3"));
  EXPECT_THAT(TestCollector::span_names(requests[1].body), ElementsAre("chat late"));

  options.delay = 5ms;
  const auto exporter = OtlpExporter::make(options, transfers).value();
  exporter->record(small("alone"));
  EXPECT_TRUE(soon([&] { return exporter->counts().exported == 1; }));
}

TEST(OtlpExporter, LeavesOutUnsampledRequests) {
  TestCollector collector([](std::size_t) { return TestCollector::answer(200); });
  HttpTransfers transfers;
  OtlpOptions options = quick(collector.url());
  options.sampling_ratio = 0.0;
  const auto exporter = OtlpExporter::make(options, transfers).value();
  RouteTrace trace = small("mine");
  trace.context = exporter->begin("");
  exporter->record(trace);
  trace.requested_model = "the caller's";
  trace.context = exporter->begin("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  exporter->record(trace);
  exporter->shutdown(20s);
  ASSERT_EQ(collector.requests().size(), 1u);
  EXPECT_THAT(TestCollector::span_names(collector.requests()[0].body),
              ElementsAre("chat the caller's"));
  EXPECT_EQ(exporter->counts().recorded, 1u);
}

TEST(OtlpExporter, TriesAgainWhatACollectorCannotTakeNow) {
  for (const int status : {429, 502, 503, 504}) {
    TestCollector collector(
        [status](std::size_t before) { return TestCollector::answer(before < 3 ? status : 200); });
    HttpTransfers transfers;
    const auto exporter = OtlpExporter::make(quick(collector.url()), transfers).value();
    exporter->record(test_trace());
    EXPECT_TRUE(soon([&] { return exporter->counts().exported == 3; })) << status;
    EXPECT_EQ(exporter->counts().retries, 3u) << status;
    const auto requests = collector.requests();
    ASSERT_EQ(requests.size(), 4u);
    EXPECT_EQ(requests[0].body, requests[3].body);
  }
}

TEST(OtlpExporter, DoesNotRepeatWhatACollectorRefuses) {
  for (const int status : {400, 401, 404, 413, 500, 307}) {
    TestCollector collector([status](std::size_t) {
      return TestCollector::answer(status, "{}", "Location: http://127.0.0.1:1/\r\n");
    });
    HttpTransfers transfers;
    const auto exporter = OtlpExporter::make(quick(collector.url()), transfers).value();
    exporter->record(test_trace());
    EXPECT_TRUE(soon([&] { return exporter->counts().failed == 3; })) << status;
    exporter->record(test_trace());  // and it goes on
    EXPECT_TRUE(soon([&] { return exporter->counts().failed == 6; })) << status;
    EXPECT_EQ(collector.requests().size(), 2u) << status;
    EXPECT_EQ(exporter->counts().retries, 0u) << status;
  }
}

TEST(OtlpExporter, TriesAgainWhereTheConnectionBreaks) {
  TestCollector collector([](std::size_t before) {
    if (before == 0) return std::string();
    if (before == 1) return std::string("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
    return TestCollector::answer(200);
  });
  HttpTransfers transfers;
  const auto exporter = OtlpExporter::make(quick(collector.url()), transfers).value();
  exporter->record(test_trace());
  EXPECT_TRUE(soon([&] { return exporter->counts().exported == 3; }));
}

TEST(OtlpExporter, KeepsTheCollectorsRetryAfter) {
  std::atomic<bool> asked_twice = false;
  TestCollector collector([&](std::size_t before) {
    if (before > 0) asked_twice = true;
    return TestCollector::answer(429, "{}", "Retry-After: 3600\r\n");
  });
  HttpTransfers transfers;
  OtlpOptions options = quick(collector.url());
  options.retry_for = 1h;
  const auto exporter = OtlpExporter::make(options, transfers).value();
  exporter->record(test_trace());
  EXPECT_TRUE(soon([&] { return collector.requests().size() == 1; }));
  std::this_thread::sleep_for(100ms);  // its own pause is 2 ms
  EXPECT_FALSE(asked_twice);
  exporter->shutdown(1ms);
  EXPECT_EQ(exporter->counts().dropped, 3u);
}

TEST(OtlpExporter, CountsWhatACollectorTakesOut) {
  TestCollector collector([](std::size_t) {
    return TestCollector::answer(200, R"({"partialSuccess": {"rejectedSpans": "2"}})");
  });
  HttpTransfers transfers;
  const auto exporter = OtlpExporter::make(quick(collector.url()), transfers).value();
  exporter->record(test_trace());
  EXPECT_TRUE(soon([&] { return exporter->counts().rejected == 2; }));
  EXPECT_EQ(exporter->counts().exported, 1u);
  EXPECT_EQ(collector.requests().size(), 1u);
}

TEST(OtlpExporter, GivesABatchUpAfterAWhile) {
  TestCollector collector([](std::size_t) { return TestCollector::answer(503); });
  HttpTransfers transfers;
  OtlpOptions options = quick(collector.url());
  options.retry_for = 20ms;
  const auto exporter = OtlpExporter::make(options, transfers).value();
  exporter->record(test_trace());
  EXPECT_TRUE(soon([&] { return exporter->counts().failed == 3; }));
}

// The collector is away: the queue fills to its limit and no further, the request path never waits,
// and once the collector is there the rest arrives.
TEST(OtlpExporter, OutlivesACollectorThatIsGone) {
  std::uint16_t port = 0;
  {
    const TestCollector gone([](std::size_t) { return TestCollector::answer(200); });
    port = gone.port();
  }
  HttpTransfers transfers;
  OtlpOptions options = quick("http://127.0.0.1:" + std::to_string(port));
  options.batch_spans_max = 10;
  options.queue_spans_max = 50;
  const auto exporter = OtlpExporter::make(options, transfers).value();
  constexpr std::uint64_t count = 10'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    exporter->record(small(std::to_string(i)));
    if (i % 1000 == 0) {
      EXPECT_LE(exporter->counts().queued, 50u);
    }
  }
  EXPECT_TRUE(soon([&] { return exporter->counts().retries > 3; }));
  const OtlpCounts away = exporter->counts();
  EXPECT_EQ(away.exported, 0u);
  // A queue and a batch may be waiting, all else is counted as lost.
  EXPECT_GE(away.dropped, count - 60);
  EXPECT_LE(away.queued, 50u);

  const TestCollector back([](std::size_t) { return TestCollector::answer(200); }, port);
  EXPECT_TRUE(soon([&] { return settled(exporter->counts()) == count; }));
  EXPECT_GE(exporter->counts().exported, 50u);
  exporter->record(small("after"));
  EXPECT_TRUE(soon([&] { return settled(exporter->counts()) == count + 1; }));
  EXPECT_EQ(TestCollector::span_names(back.requests().back().body).back(), "chat after");
}

TEST(OtlpExporter, ShutdownEndsInTimeThoughTheCollectorIsSilent) {
  std::promise<void> over;
  const std::shared_future<void> wait = over.get_future().share();
  TestCollector collector([wait](std::size_t) {
    wait.wait();
    return TestCollector::answer(200);
  });
  HttpTransfers transfers;
  const auto exporter = OtlpExporter::make(quick(collector.url()), transfers).value();
  exporter->record(test_trace());
  EXPECT_TRUE(soon([&] { return collector.requests().size() == 1; }));
  exporter->record(test_trace());
  const auto begun = std::chrono::steady_clock::now();
  exporter->shutdown(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);  // the POST would take 10 s
  over.set_value();
  exporter->record(test_trace());  // too late
  const OtlpCounts counts = exporter->counts();
  EXPECT_EQ(counts.dropped, 9u);
  EXPECT_EQ(counts.recorded, settled(counts));
  exporter->shutdown(1h);  // a second call does nothing
}

TEST(OtlpExporter, ShutdownRepeatsWhatFailsWhileThereIsTime) {
  TestCollector collector(
      [](std::size_t before) { return TestCollector::answer(before == 0 ? 503 : 200); });
  HttpTransfers transfers;
  OtlpOptions options = quick(collector.url());
  options.delay = 1h;
  options.retry_pause = options.retry_pause_max = 1h;
  options.retry_for = 2h;
  const auto exporter = OtlpExporter::make(options, transfers).value();
  exporter->record(test_trace());
  exporter->shutdown(20s);
  EXPECT_EQ(exporter->counts().exported, 3u);
}

TEST(OtlpExporter, ARequestOfMoreSpansThanABatchIsOneBatch) {
  TestCollector collector([](std::size_t) { return TestCollector::answer(200); });
  HttpTransfers transfers;
  OtlpOptions options = quick(collector.url());
  options.batch_spans_max = 2;
  options.queue_spans_max = 10;
  const auto exporter = OtlpExporter::make(options, transfers).value();
  exporter->record(test_trace());
  RouteTrace huge = test_trace();
  huge.attempts.resize(100);
  exporter->record(huge);  // never fits
  exporter->shutdown(20s);
  EXPECT_EQ(exporter->counts().exported, 3u);
  EXPECT_EQ(exporter->counts().dropped, 101u);
}

// Every span of many threads arrives exactly once or is counted as dropped.
TEST(OtlpExporter, TakesRecordsFromManyThreads) {
  TestCollector collector(
      [](std::size_t before) { return TestCollector::answer(before % 5 == 1 ? 503 : 200); });
  HttpTransfers transfers;
  OtlpOptions options = quick(collector.url());
  options.batch_spans_max = 100;
  options.queue_spans_max = 500;
  const auto exporter = OtlpExporter::make(options, transfers).value();
  constexpr int threads = 8;
  constexpr int each = 1000;
  std::vector<std::thread> producers;
  for (int t = 0; t < threads; ++t)
    producers.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        exporter->record(small(std::to_string(t) + "-" + std::to_string(i)));
        if (i % 100 == 0) static_cast<void>(exporter->counts());
      }
    });
  for (std::thread& producer : producers) producer.join();
  exporter->shutdown(20s);
  const OtlpCounts counts = exporter->counts();
  EXPECT_EQ(counts.recorded, static_cast<std::uint64_t>(threads) * each);
  EXPECT_EQ(counts.exported + counts.dropped, counts.recorded);
  EXPECT_EQ(counts.queued, 0u);

  std::set<std::string> names;
  std::size_t arrived = 0;
  const auto requests = collector.requests();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (i % 5 == 1) continue;  // answered 503
    const auto batch = TestCollector::span_names(requests[i].body);
    EXPECT_LE(batch.size(), 100u);
    arrived += batch.size();
    names.insert(batch.begin(), batch.end());
  }
  EXPECT_EQ(arrived, counts.exported);
  EXPECT_EQ(names.size(), arrived);  // none twice
}

TEST(OtlpExporter, RefusesBadOptions) {
  HttpTransfers transfers;
  const auto exporter = OtlpExporter::make({.endpoint = "collector"}, transfers);
  ASSERT_FALSE(exporter);
  EXPECT_EQ(exporter.error().field, "endpoint");
}

}  // namespace
}  // namespace croft
