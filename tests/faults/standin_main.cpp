// SPDX-License-Identifier: Apache-2.0
// The stand-in for queue_driver; same arguments, same lines (README.md), and --broken HOW.
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <random>

#include "standin_queue.hpp"

namespace {

// Enqueues, flushes, drains and starts anew, in an order that the seed decides.
void Script(standin::Queue* queue, std::uint32_t records, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::map<std::uint32_t, std::uint32_t> numbers;
  std::uint32_t entered = 0;
  std::uint32_t since_start = 0;
  while (entered < records) {
    for (std::uint32_t many = 1 + static_cast<std::uint32_t>(random() % 7);
         many > 0 && entered < records; --many, ++entered) {
      const std::uint32_t tracker = 1 + static_cast<std::uint32_t>(random() % 5);
      queue->Enqueue(tracker, ++numbers[tracker]);
    }
    if (random() % 4 != 0) queue->Flush();
    if (random() % 3 == 0) queue->Deliver(random() % 24);
    since_start += 1;
    if (since_start >= 40) {
      since_start = 0;
      queue->Stop();
      if (!queue->Start()) std::exit(1);
    }
  }
  queue->Finish();
}

}  // namespace

int main(int count, char** words) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::map<std::string, std::string> given;
  standin::Options options;
  for (int i = 2; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--dry") {
      options.dry = true;
    } else if (i + 1 < count) {
      given[word] = words[++i];
    }
  }
  const auto number = [&given](const char* name, unsigned long otherwise) {
    return given.count(name) == 0 ? otherwise : std::strtoul(given[name].c_str(), nullptr, 10);
  };
  options.queue_dir = given["--queue-dir"];
  options.runtime_dir = given["--runtime-dir"];
  options.broken = given["--broken"];
  options.segment_bytes = number("--segment-bytes", 2048);
  standin::Queue queue(options);
  if (!queue.Start()) {
    std::fprintf(stderr, "stand-in: does not start\n");
    return 1;
  }
  if (count > 1 && std::string(words[1]) == "script") {
    Script(&queue, static_cast<std::uint32_t>(number("--records", 400)),
           static_cast<std::uint32_t>(number("--seed", 1)));
  } else {
    queue.Drain();
  }
  std::puts("done");
  return 0;
}
