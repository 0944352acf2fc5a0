// SPDX-License-Identifier: Apache-2.0

// What the agent's way with unchanged states is measured against: an answer of tracker/get_states,
// whole in memory, parsed by JsonCpp into one tree, and nothing else done with it. Reads the answer
// from a file, parses it so often that it takes half a second, and prints one JSON line:
//
//   {"states": 1000, "bytes": 903000, "parses": 25, "cpu_ms": 19.8, "vm_hwm_kib": 11000}
//
// `cpu_ms` is that of one parse, the tree's release included.

#include <json/reader.h>
#include <json/value.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace {

constexpr double kEnoughMs = 500;

double CpuMs() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1000.0 + static_cast<double>(time.tv_usec) / 1000.0;
  };
  return ms(use.ru_utime) + ms(use.ru_stime);
}

long PeakKib() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return use.ru_maxrss;
}

// States in the document; -1 where it is none.
int Parse(Json::CharReader& reader, const std::string& text) {
  Json::Value root;
  if (!reader.parse(text.data(), text.data() + text.size(), &root, nullptr)) return -1;
  return root.isObject() ? static_cast<int>(root["states"].size()) : -1;
}

int Measure(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::unique_ptr<Json::CharReader> reader(Json::CharReaderBuilder().newCharReader());
  const int states = Parse(*reader, text);  // and the heap is as large as it gets
  if (states <= 0) {
    std::fprintf(stderr, "bench_json: no answer of tracker/get_states in %s\n", path);
    return EXIT_FAILURE;
  }
  int parses = 0;
  double spent = 0;
  for (const double begun = CpuMs(); spent < kEnoughMs; spent = CpuMs() - begun) {
    if (Parse(*reader, text) != states) return EXIT_FAILURE;
    ++parses;
  }
  std::printf(
      "{\"states\": %d, \"bytes\": %zu, \"parses\": %d, \"cpu_ms\": %.3f, \"vm_hwm_kib\": %ld}\n",
      states, text.size(), parses, spent / parses, PeakKib());
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_json FILE\n", stderr);
    return 2;
  }
  try {
    return Measure(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_json: %s\n", error.what());
  }
  return EXIT_FAILURE;
}
