// SPDX-License-Identifier: Apache-2.0

// The floor that the agent is measured against: what Paho MQTT C++ itself costs. Reads lines
// `topic<TAB>payload` from a file, publishes each at QoS 1, retained, with the agent's in-flight
// window, from Paho's own thread (each acknowledgement sends the next), and prints one JSON line:
//
//   {"records": 20000, "seconds": 1.2, "cpu_ms": 800.1, "vm_hwm_kib": 2900}
//
// Seconds and CPU run from the first publish to the last acknowledgement. The memory settings are
// the agent's (platform/process.cpp).

#include <MQTTAsync.h>
#include <malloc.h>
#include <mqtt/async_client.h>
#include <pthread.h>
#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>

#include "agent/base/limits.hpp"

namespace {

using depotlink::limits::kInFlight;

constexpr int kMostBuffered = 2 * static_cast<int>(kInFlight);  // as the agent's adapter
constexpr std::size_t kThreadStackBytes = 256 * 1024;
constexpr int kMmapFromBytes = 64 * 1024;

void LimitMemory() {
  MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kMmapFromBytes);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

double CpuMs() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1000.0 + static_cast<double>(time.tv_usec) / 1000.0;
  };
  return ms(use.ru_utime) + ms(use.ru_stime);
}

long PeakKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

// All happens on Paho's receiving thread: CONNACK fills the window, each acknowledgement sends the
// next line. No lock is held around a publish, because Paho calls back under a lock of its own.
class Floor : private mqtt::iaction_listener {
 public:
  Floor(mqtt::async_client& client, const char* path) : client_(&client), lines_(path) {}

  // Connects and publishes all lines; false where one failed.
  bool Run(const mqtt::connect_options& options) {
    client_->connect(options, nullptr, *this);
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
    return good_;
  }

  void Print() const {
    const std::chrono::duration<double> spent = ended_at_ - begun_at_;
    std::printf("{\"records\": %ld, \"seconds\": %.4f, \"cpu_ms\": %.3f, \"vm_hwm_kib\": %ld}\n",
                records_, spent.count(), cpu_ms_, PeakKib());
  }

 private:
  void on_success(const mqtt::token& token) override {
    if (token.get_type() == mqtt::token::CONNECT) {
      cpu_ms_ = CpuMs();
      begun_at_ = std::chrono::steady_clock::now();
      for (std::size_t i = 0; i < kInFlight; ++i) SendNext();
    } else {
      --in_flight_;
      SendNext();
    }
    if (in_flight_ == 0) End(records_ > 0);
  }

  void on_failure(const mqtt::token& token) override {
    std::fprintf(stderr, "bench_floor: failed with code %d\n", token.get_return_code());
    End(false);
  }

  void SendNext() {
    if (!std::getline(lines_, line_)) return;
    const std::size_t tab = line_.find('\t');
    if (tab == std::string::npos) return;
    try {
      client_->publish(mqtt::make_message(line_.substr(0, tab), line_.data() + tab + 1,
                                          line_.size() - tab - 1, 1, true),
                       nullptr, *this);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "bench_floor: %s\n", error.what());
      return End(false);
    }
    ++in_flight_;
    ++records_;
  }

  void End(bool good) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return;
    ended_at_ = std::chrono::steady_clock::now();
    cpu_ms_ = CpuMs() - cpu_ms_;
    good_ = good;
    ended_ = true;
    changed_.notify_one();
  }

  mqtt::async_client* client_;
  std::ifstream lines_;
  std::string line_;
  long records_ = 0;
  std::size_t in_flight_ = 0;
  double cpu_ms_ = 0;
  std::chrono::steady_clock::time_point begun_at_{};
  std::chrono::steady_clock::time_point ended_at_{};

  std::mutex mutex_;  // guards the two below
  std::condition_variable changed_;
  bool ended_ = false;
  bool good_ = false;
};

int Publish(const char* url, const char* path) {
  mqtt::create_options create(MQTTVERSION_5, kMostBuffered);
  create.set_send_while_disconnected(false);
  mqtt::async_client client(url, "bench-floor", create);
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  options.set_max_inflight(kMostBuffered);
  Floor floor(client, path);
  const bool good = floor.Run(options);
  if (good) floor.Print();
  client.disconnect()->wait();
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_floor tcp://HOST:PORT FILE\n", stderr);
    return 2;
  }
  LimitMemory();
  try {
    return Publish(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_floor: %s\n", error.what());
  }
  return EXIT_FAILURE;
}
