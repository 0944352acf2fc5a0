// SPDX-License-Identifier: Apache-2.0
// Runs the agent's queue, with its real adapters and without the rest of the agent, through a
// script of outages; or delivers what an earlier run left. What it prints is described in README.md
// of this folder.
//
//   queue_driver script --queue-dir DIR --runtime-dir DIR --records N --seed S [--segment-bytes N]
//                [--replay-to state|history] [--drop oldest|all_but_newest] [--max-size BYTES]
//   queue_driver drain  --queue-dir DIR --runtime-dir DIR

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "agent/queue/offline_queue.hpp"
#include "platform/deflate_compressor.hpp"
#include "platform/mbedtls_cipher.hpp"
#include "platform/posix_storage.hpp"

namespace {

using depotlink::MonoTime;
using depotlink::queue::InScope;
using depotlink::queue::OfflineQueue;
using depotlink::queue::QueueObserver;
using depotlink::queue::Record;
using depotlink::queue::RecordKind;
using depotlink::queue::Window;

using Number = unsigned long;

struct Options {
  std::string queue_dir;
  std::string runtime_dir;
  Number records = 400;
  Number seed = 1;
  Number segment_bytes = 4096;
  Number max_bytes = 64UL << 20U;
  bool keep_newest = false;
  bool history = false;  // live records go ahead of the backlog; the order then holds within either
};

void Say(const char* what, depotlink::model::TrackerId tracker, Number number,
         const char* more = "") {
  std::printf("%s %llu %lu%s\n", what, static_cast<unsigned long long>(tracker), number, more);
}

// Says aloud what the queue logs as trouble.
class SpokenLog : public depotlink::LogSink {
 public:
  void WriteLine(depotlink::LogLevel level, std::string_view line) override {
    const bool damage = line.find("damaged") != std::string_view::npos ||
                        line.find("set aside") != std::string_view::npos ||
                        line.find("another key") != std::string_view::npos;
    if (level > depotlink::LogLevel::kWarn) return;
    if (line.find("dropped") != std::string_view::npos &&
        line.find(" records=") != std::string_view::npos) {
      const std::size_t at = line.find(" records=");
      const Number many = at == std::string_view::npos
                              ? 0
                              : std::strtoul(std::string(line.substr(at + 9)).c_str(), nullptr, 10);
      std::printf("dropped * %lu quota\n", many);
    }
    std::printf("%s %.*s\n", damage ? "damaged" : "error", static_cast<int>(line.size()),
                line.data());
  }
};

std::string PayloadOf(depotlink::model::TrackerId tracker, Number number) {
  std::string text = "{\"id\":" + std::to_string(tracker) + ",\"n\":" + std::to_string(number) +
                     ",\"lat\":" + std::to_string(45.0 + static_cast<double>(number) / 1000) +
                     ",\"movement\":\"moving\",\"label\":\"";
  for (Number i = 0; i < 40 + number % 90; ++i) {
    text += static_cast<char>('a' + (tracker * 7 + number * 13 + i * i) % 26);
  }
  return text + "\"}";
}

// What ends with the process, as far as the queue is concerned.
class Run : private QueueObserver {
 public:
  explicit Run(const Options& options) : disk_(options.queue_dir), ram_(options.runtime_dir) {
    depotlink::queue::QueueConfig config;
    config.limits.max_bytes = options.max_bytes;
    if (options.keep_newest) {
      config.limits.drop = depotlink::queue::DropPolicy::kAllButNewest;
      config.limits.max_trackers = 10;
    }
    config.limits.min_free_bytes = 0;
    config.limits.segment_bytes = options.segment_bytes;
    config.replay_to_state = !options.history;
    queue_ = std::make_unique<OfflineQueue>(
        config, depotlink::Secret(),
        depotlink::queue::QueuePorts{&disk_, &ram_, &cipher_, &compressor_},
        static_cast<QueueObserver&>(*this), log_);
    queue_->Start(now_);
  }

  void Push(depotlink::model::TrackerId tracker, Number number) {
    const std::string payload = PayloadOf(tracker, number);
    char topic[depotlink::limits::kTopicBytes];
    Record record;
    record.tracker = tracker;
    record.payload = payload;
    record.topic = TopicOf(RecordKind::kState, tracker, topic, sizeof topic);
    queue_->Push(record, now_.ms);
    queue_->NoteDelivered();  // from here on it is owed
    Say("submitted", tracker, number);
  }
  void Pass(depotlink::DurationMs ms, bool bus_up) {
    now_ = now_ + ms;
    queue_->Step(now_, bus_up);
  }
  // Lets the bus take up to `count` records, 32 at a time.
  void Deliver(Number count) {
    for (bool any = true; any && count > 0;) {
      Pass(1, true);
      any = false;
      for (Window* window : {&queue_->window(), &queue_->backlog()}) {
        const bool live = window == &queue_->window();
        while ((!live || queue_->LiveMayGo()) && count > 0 &&
               in_flight_.size() < depotlink::limits::kInFlight) {
          const Window::Ref ref = window->NextUnsent();
          if (ref == Window::kNone) break;
          const Record record = window->Get(ref);
          Say("sent", record.tracker, NumberOf(record));
          window->MarkSent(ref);
          in_flight_.push_back({window, ref});
          --count;
          any = true;
        }
      }
      Acknowledge();
    }
    Pass(1, true);
  }
  void Close() {
    queue_->Close(now_);
    TellWhatEnds();
  }
  // Neither the disk nor the journal has them: they end with the process.
  void TellWhatEnds() {
    const Window& window = queue_->window();
    for (Window::Ref ref = window.first(); !queue_->journal_good() && ref < window.end(); ++ref) {
      if (window.IsWaiting(ref)) OnDropped(window.Get(ref));
    }
  }
  std::uint64_t depth() const { return queue_->depth(); }

 private:
  struct InFlight {
    Window* window;
    Window::Ref ref;
  };

  void Acknowledge() {
    for (const InFlight& sent : in_flight_) {
      const Record record = sent.window->Get(sent.ref);
      const Number number = NumberOf(record);
      const std::string whole = PayloadOf(record.tracker, number);
      const std::string start = whole.substr(0, whole.size() - 1);
      if (record.payload.substr(0, start.size()) != start) std::puts("wrong payload");
      Say("delivered", record.tracker, number);
      sent.window->Finish(sent.ref);
    }
    in_flight_.clear();
    queue_->NoteDelivered();
  }
  static Number NumberOf(const Record& record) {
    const std::size_t at = record.payload.find("\"n\":");
    return at == std::string_view::npos ? 0
                                        : std::strtoul(record.payload.data() + at + 4, nullptr, 10);
  }

  void OnSpooled(const Record& record) override {
    Say("accepted", record.tracker, NumberOf(record));
  }
  void OnSetBack(const Record&) override {}
  void OnDropped(const Record& record) override {
    Say("dropped", record.tracker, NumberOf(record), " memory");
  }
  InScope IsInScope(depotlink::model::TrackerId) override { return InScope::kYes; }
  std::string_view TopicOf(RecordKind, depotlink::model::TrackerId tracker, char* out,
                           std::size_t capacity) override {
    const int size =
        std::snprintf(out, capacity, "t/%llu", static_cast<unsigned long long>(tracker));
    return {out, static_cast<std::size_t>(size)};
  }

  SpokenLog sink_;
  depotlink::Logger log_{sink_, depotlink::LogLevel::kWarn};
  depotlink::platform::PosixStorage disk_;
  depotlink::platform::PosixStorage ram_;
  depotlink::platform::MbedtlsCipher cipher_;
  depotlink::platform::DeflateCompressor compressor_;
  std::unique_ptr<OfflineQueue> queue_;
  std::vector<InFlight> in_flight_;
  MonoTime now_{1'000'000};
};

constexpr depotlink::DurationMs kPastFlushMs = 1001;
constexpr depotlink::DurationMs kPastHealMs = 10'001;

// Outages and good times, starts in between, in an order that the seed decides.
void Script(const Options& options) {
  std::mt19937_64 random(options.seed);
  std::map<Number, Number> numbers;
  auto run = std::make_unique<Run>(options);
  Number entered = 0;
  int rounds = 0;
  while (entered < options.records) {
    for (Number many = 1 + random() % 12; many > 0 && entered < options.records;
         --many, ++entered) {
      const Number tracker = 1 + random() % 5;
      run->Push(tracker, ++numbers[tracker]);
    }
    if (random() % 4 != 0) {  // away: a step sees it, another one flushes
      run->Pass(1, false);
      run->Pass(random() % 8 == 0 ? kPastHealMs : kPastFlushMs, false);
    }
    if (random() % 3 == 0) run->Deliver(random() % 60);
    if (++rounds % 25 == 0) {
      rounds % 50 == 0 ? run->Close() : run->TellWhatEnds();
      run = std::make_unique<Run>(options);
    }
  }
  run->Close();
}

void Drain(const Options& options) {
  Run run(options);
  // Bounded: what does not come in so many rounds does not come.
  for (int i = 0; i < 50 && run.depth() > 0; ++i) {
    run.Deliver(1'000'000);
    run.Pass(kPastHealMs, true);
  }
  run.Close();
}

}  // namespace

int main(int count, char** words) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Options options;
  for (int i = 2; i + 1 < count; i += 2) {
    const std::string name = words[i];
    const std::string value = words[i + 1];
    if (name == "--queue-dir") options.queue_dir = value;
    if (name == "--runtime-dir") options.runtime_dir = value;
    if (name == "--records") options.records = std::strtoul(value.c_str(), nullptr, 10);
    if (name == "--seed") options.seed = std::strtoul(value.c_str(), nullptr, 10);
    if (name == "--drop") options.keep_newest = value == "all_but_newest";
    if (name == "--max-size") options.max_bytes = std::strtoul(value.c_str(), nullptr, 10);
    if (name == "--replay-to") options.history = value == "history";
    if (name == "--segment-bytes") options.segment_bytes = std::strtoul(value.c_str(), nullptr, 10);
  }
  const std::string verb = count > 1 ? words[1] : "";
  if (options.queue_dir.empty() || options.runtime_dir.empty() ||
      (verb != "script" && verb != "drain")) {
    std::fputs("usage: queue_driver script|drain --queue-dir DIR --runtime-dir DIR ...\n", stderr);
    return 2;
  }
  if (verb == "script") {
    Script(options);
  } else {
    Drain(options);
  }
  std::puts("done");
  return 0;
}
