// SPDX-License-Identifier: Apache-2.0
// What the queue on disk costs, beside what it could be instead, in one run over the same records:
// plain write with fdatasync (the floor: what the device asks for), and SQLite in WAL mode with
// batched commits.
//
//   queue_bench compare DIR RECORDS GROUP   a JSON line a stage; a flush each GROUP records
//   queue_bench fill DIR RECORDS            leaves that many records in a queue in DIR
//   queue_bench fill-mib DIR MIB            ... so many MiB of them, not compressed
//   queue_bench lines RECORDS               the same as lines of topic, tab, payload
//   queue_bench newest DIR MIB TRACKERS     a queue of MIB that keeps only the newest of each: how
//                                           long that takes, and its longest piece
//
// Each way of `compare` runs in a process of its own, so that its peak memory is its own. Bytes and
// flushes of the device are those of the whole device under DIR: give it one of its own
// (tests/bench/outage does).

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "agent/queue/spool.hpp"
#include "platform/deflate_compressor.hpp"
#include "platform/mbedtls_cipher.hpp"
#include "platform/posix_storage.hpp"

#ifdef DEPOTLINK_HAVE_SQLITE
#include <sqlite3.h>
#endif

namespace {

using depotlink::queue::Record;

struct Job {
  std::string dir;
  long records = 200000;
  long group = 300;
};

std::string PayloadOf(long i, long trackers = 300) {
  char text[640];
  const long tracker = i % trackers;
  std::snprintf(
      text, sizeof text,
      R"({"id":%ld,"label":"Truck %ld","group":"Main office","lat":%.7f,"lng":%.7f,"speed_kmh":%ld,"heading_deg":%ld,)"
      R"("altitude_m":%ld,"fix_time":"2026-08-01T%02ld:%02ld:%02ldZ","update_time":"2026-08-01T%02ld:%02ld:%02ldZ",)"
      R"("poll_time":"2026-08-01T%02ld:%02ld:%02ld.%03ldZ","movement":"moving","movement_time":"2026-08-01T06:38:55Z",)"
      R"("connection":"active","ignition":true,"gps_signal_pct":%ld,"gsm_signal_pct":%ld,"gsm_network":"T-Mobile",)"
      R"("battery_pct":100,"inputs":[false,false,true],"outputs":[true,false],"run":"k3v9","seq":%ld})",
      1000000 + tracker, tracker, 45.0 + static_cast<double>(i * 7919 % 100000) / 3e5,
      10.0 + static_cast<double>(i * 104729 % 100000) / 3e5, i * 31 % 90, i * 17 % 360,
      200 + i * 13 % 90, i / 3600 % 24, i / 60 % 60, i % 60, i / 3600 % 24, i / 60 % 60,
      (i + 3) % 60, i / 3600 % 24, i / 60 % 60, (i + 4) % 60, i * 37 % 1000, 80 + i % 20,
      30 + i * 3 % 60, i);
  return text;
}

double Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct DeviceUse {
  unsigned long long bytes = 0;
  unsigned long long flushes = 0;
};

// What was written to the device under `dir` so far, as the kernel counts it, all of it on the
// device.
DeviceUse UseOfDevice(const std::string& dir) {
  const int folder = open(dir.c_str(), O_RDONLY | O_DIRECTORY);
  struct stat info {};
  if (folder < 0 || fstat(folder, &info) != 0 || syncfs(folder) != 0) return {};
  close(folder);
  std::ifstream file("/sys/dev/block/" + std::to_string(major(info.st_dev)) + ":" +
                     std::to_string(minor(info.st_dev)) + "/stat");
  unsigned long long fields[17] = {};
  for (unsigned long long& field : fields) file >> field;
  return {fields[6] * 512, fields[15]};
}

// What this process alone gave to the device.
unsigned long long ProcessBytes() {
  std::ifstream io("/proc/self/io");
  for (std::string name; io >> name;) {
    unsigned long long value = 0;
    io >> value;
    if (name == "write_bytes:") return value;
  }
  return 0;
}

struct Stage {
  explicit Stage(const Job& job) : dir(job.dir), device(UseOfDevice(job.dir)) {}

  std::string dir;
  DeviceUse device;
  unsigned long long written = ProcessBytes();
  double cpu = CpuSeconds();
  double began = Now();
};

void Report(const char* way, const char* stage, const Stage& since, long records,
            double payload_bytes) {
  const double seconds = Now() - since.began;
  const double cpu = CpuSeconds() - since.cpu;
  const auto written = static_cast<double>(ProcessBytes() - since.written);
  const DeviceUse use = UseOfDevice(since.dir);
  std::printf(
      "{\"way\": \"%s\", \"stage\": \"%s\", \"records_per_s\": %.0f, \"cpu_us\": %.2f, "
      "\"process_bytes\": %.4f, \"device_bytes\": %.4f, \"flushes\": %llu}\n",
      way, stage, static_cast<double>(records) / seconds, cpu * 1e6 / static_cast<double>(records),
      written / payload_bytes, static_cast<double>(use.bytes - since.device.bytes) / payload_bytes,
      use.flushes - since.device.flushes);
  std::fflush(stdout);
}

void ReportSize(const char* way, double bytes, double payload_bytes) {
  std::printf("{\"way\": \"%s\", \"size\": %.4f}\n", way, bytes / payload_bytes);
}

void ReportPeak(const char* way) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("{\"way\": \"%s\", \"peak_kib\": %ld}\n", way, usage.ru_maxrss);
}

double PayloadBytes(const Job& job) {
  double bytes = 0;
  for (long i = 0; i < job.records; ++i) bytes += static_cast<double>(PayloadOf(i).size());
  return bytes;
}

class Quiet : public depotlink::LogSink {
  void WriteLine(depotlink::LogLevel, std::string_view line) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

// For a large backlog in a hurry: packs nothing, so that blocks are stored as they are.
class PacksNothing : public depotlink::ports::Compressor {
 public:
  std::size_t Pack(Effort, std::string_view, std::string_view, char*, std::size_t) override {
    return 0;
  }
  bool Unpack(std::string_view, std::string_view, char*, std::size_t) override { return false; }
};

struct Spooled {
  Spooled(const std::string& dir, depotlink::ports::Compressor& compressor,
          const depotlink::queue::SpoolLimits& limits = Limits())
      : disk(dir), spool(limits, depotlink::Secret(), disk, cipher, compressor, log) {}
  static depotlink::queue::SpoolLimits Limits() {
    depotlink::queue::SpoolLimits limits;
    limits.max_bytes = 4ULL << 30U;
    limits.min_free_bytes = 0;
    return limits;
  }
  Quiet sink;
  depotlink::Logger log{sink, depotlink::LogLevel::kWarn};
  depotlink::platform::PosixStorage disk;
  depotlink::platform::MbedtlsCipher cipher;
  depotlink::queue::Spool spool;
};

void Require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "queue_bench: %s failed\n", what);
  std::exit(1);
}

void Append(Spooled& queue, long i, const std::string& payload) {
  Record record;
  record.kind = depotlink::queue::RecordKind::kState;
  record.retain = true;
  record.tracker = static_cast<depotlink::model::TrackerId>(1000000 + i % 300);
  record.order = static_cast<depotlink::queue::Order>(i + 1);
  record.time_ms = 1785000000000 + i * 10;
  record.payload = payload;
  Require(queue.spool.Append(record).ok(), "append");
}

void Fill(const Job& job) {
  depotlink::platform::DeflateCompressor compressor;
  Spooled queue(job.dir, compressor);
  Require(queue.spool.Start(0, {}).ok(), "start");
  for (long i = 0; i < job.records; ++i) {
    Append(queue, i, PayloadOf(i));
    if ((i + 1) % job.group == 0) Require(queue.spool.Commit().ok(), "commit");
  }
  Require(queue.spool.Commit().ok(), "commit");
}

void FillMib(const Job& job) {
  PacksNothing compressor;
  Spooled queue(job.dir, compressor);
  Require(queue.spool.Start(0, {}).ok(), "start");
  const auto wanted = static_cast<std::uint64_t>(job.records) << 20U;
  for (long i = 0; queue.spool.totals().bytes < wanted; ++i) {
    Append(queue, i, PayloadOf(i));
    if ((i + 1) % job.group == 0) Require(queue.spool.Commit().ok(), "commit");
  }
  Require(queue.spool.Commit().ok(), "commit");
}

void Lines(const Job& job) {
  for (long i = 0; i < job.records; ++i) {
    std::printf("depotlink/bench/tracker/%ld/state\t%s\n", 1000000 + i % 300, PayloadOf(i).c_str());
  }
}

void SpoolIn(const Job& job, double payload_bytes) {
  depotlink::platform::DeflateCompressor compressor;
  Spooled queue(job.dir + "/spool", compressor);
  Require(queue.spool.Start(0, {}).ok(), "start");
  const Stage stage(job);
  for (long i = 0; i < job.records; ++i) {
    Append(queue, i, PayloadOf(i));
    if ((i + 1) % job.group == 0) Require(queue.spool.Commit().ok(), "commit");
  }
  Require(queue.spool.Commit().ok(), "commit");
  Report("depotlink", "append", stage, job.records, payload_bytes);
}

void SpoolOut(const Job& job, double payload_bytes) {
  depotlink::platform::DeflateCompressor compressor;
  Spooled queue(job.dir + "/spool", compressor);
  Require(queue.spool.Start(0, {}).ok(), "start");
  ReportSize("depotlink", static_cast<double>(queue.spool.totals().bytes), payload_bytes);
  const Stage stage(job);
  long out = 0;
  for (bool found = true; queue.spool.has_segments();) {
    Record record;
    Require(queue.spool.Next(record, found).ok(), "next");
    if (found) {
      Require(record.payload == PayloadOf(out), "what was read");
      ++out;
    } else {
      Require(queue.spool.FinishSegment().ok(), "finish");
    }
  }
  Require(out == job.records, "reading all");
  Report("depotlink", "drain", stage, job.records, payload_bytes);
  ReportPeak("depotlink");
}

// Fills the queue until room had to be made once, and looks at each piece of that work.
void Newest(const Job& job, long trackers) {
  const auto mib = static_cast<std::uint64_t>(job.records);
  depotlink::queue::SpoolLimits limits;
  limits.max_bytes = mib << 20U;
  limits.min_free_bytes = 0;
  limits.drop = depotlink::queue::DropPolicy::kAllButNewest;
  depotlink::platform::DeflateCompressor compressor;
  Spooled queue(job.dir, compressor, limits);
  depotlink::queue::Spool& spool = queue.spool;
  Require(spool.Start(0, {}).ok(), "start");
  double work = 0;
  double longest = 0;
  double longest_commit = 0;
  long pieces = 0;
  std::uint64_t most = 0;
  long i = 0;
  for (bool made_room = false; !made_room;) {
    const std::uint64_t lost = spool.losses().quota;
    for (const long end = i + job.group; i < end; ++i) {
      const std::string payload = PayloadOf(i, trackers);
      Record record;
      record.tracker = static_cast<depotlink::model::TrackerId>(1000000 + i % trackers);
      record.order = static_cast<depotlink::queue::Order>(i + 1);
      record.time_ms = 1785000000000 + i * 10;
      record.payload = payload;
      Require(spool.Append(record).ok(), "append");
    }
    const double committing = Now();
    Require(spool.Commit().ok(), "commit");
    longest_commit = std::max(longest_commit, Now() - committing);
    // As often as the loop would come round while the next group comes together.
    for (int turn = 0; turn == 0 || (turn < 100 && spool.tidying()); ++turn) {
      const double began = Now();
      Require(spool.Tidy().ok(), "tidy");
      const double took = Now() - began;
      if (!spool.tidying() && took < 1e-4) continue;
      work += took;
      longest = std::max(longest, took);
      ++pieces;
    }
    most = std::max(most, spool.totals().bytes);
    made_room = spool.losses().quota != lost;
  }
  while (spool.tidying()) Require(spool.Tidy().ok(), "tidy");
  std::printf(
      "newest     %llu MiB, %ld trackers: %ld records in, %llu dropped, %llu kept; at most %.1f "
      "MiB\n"
      "newest     %.2f s in %ld pieces, the longest %.1f ms; the longest commit %.1f ms\n",
      static_cast<unsigned long long>(mib), trackers, i,
      static_cast<unsigned long long>(spool.losses().quota),
      static_cast<unsigned long long>(spool.totals().records), static_cast<double>(most) / 1048576,
      work, pieces, longest * 1e3, longest_commit * 1e3);
  ReportPeak("newest");
}

void Floor(const Job& job, double payload_bytes) {
  const std::string path = job.dir + "/floor";
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  Require(file >= 0, "open");
  const Stage stage(job);
  std::string group;
  for (long i = 0; i < job.records; ++i) {
    group += PayloadOf(i);
    if ((i + 1) % job.group != 0 && i + 1 != job.records) continue;
    Require(write(file, group.data(), group.size()) == static_cast<ssize_t>(group.size()), "write");
    Require(fdatasync(file) == 0, "fdatasync");
    group.clear();
  }
  Report("plain", "append", stage, job.records, payload_bytes);
  ReportSize("plain", payload_bytes, payload_bytes);
  close(file);
  ReportPeak("plain");
}

#ifdef DEPOTLINK_HAVE_SQLITE
void Sqlite(const Job& job, double payload_bytes) {
  sqlite3* db = nullptr;
  const std::string path = job.dir + "/queue.sqlite";
  Require(sqlite3_open(path.c_str(), &db) == SQLITE_OK, "sqlite open");
  const auto run = [db](const char* sql) {
    Require(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
  };
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-512;"
      "CREATE TABLE queue(id INTEGER PRIMARY KEY, tracker INTEGER, payload TEXT)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO queue(tracker, payload) VALUES(?, ?)", -1, &insert, nullptr);
  {
    const Stage stage(job);
    run("BEGIN");
    for (long i = 0; i < job.records; ++i) {
      const std::string payload = PayloadOf(i);
      sqlite3_bind_int64(insert, 1, 1000000 + i % 300);
      sqlite3_bind_text(insert, 2, payload.data(), static_cast<int>(payload.size()),
                        SQLITE_TRANSIENT);
      Require(sqlite3_step(insert) == SQLITE_DONE, "sqlite insert");
      sqlite3_reset(insert);
      if ((i + 1) % job.group == 0) run("COMMIT; BEGIN");
    }
    run("COMMIT");
    Report("sqlite", "append", stage, job.records, payload_bytes);
  }
  struct stat info {};
  stat(path.c_str(), &info);
  ReportSize("sqlite", static_cast<double>(info.st_size), payload_bytes);
  sqlite3_stmt* oldest = nullptr;
  sqlite3_prepare_v2(db, "SELECT id, payload FROM queue ORDER BY id LIMIT ?", -1, &oldest, nullptr);
  sqlite3_stmt* done = nullptr;
  sqlite3_prepare_v2(db, "DELETE FROM queue WHERE id <= ?", -1, &done, nullptr);
  const Stage stage(job);
  long out = 0;
  while (out < job.records) {
    sqlite3_bind_int64(oldest, 1, job.group);
    sqlite3_int64 last = 0;
    while (sqlite3_step(oldest) == SQLITE_ROW) {
      last = sqlite3_column_int64(oldest, 0);
      const auto* text = sqlite3_column_text(oldest, 1);
      Require(PayloadOf(out) == reinterpret_cast<const char*>(text), "what was read");
      ++out;
    }
    sqlite3_reset(oldest);
    sqlite3_bind_int64(done, 1, last);
    Require(sqlite3_step(done) == SQLITE_DONE, "sqlite delete");
    sqlite3_reset(done);
  }
  Report("sqlite", "drain", stage, job.records, payload_bytes);
  sqlite3_finalize(insert);
  sqlite3_finalize(oldest);
  sqlite3_finalize(done);
  sqlite3_close(db);
  ReportPeak("sqlite");
}
#endif

void Apart(const std::function<void()>& work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    work();
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Require(status == 0, "a part of the bench");
}

void Compare(const Job& job) {
  const double payload_bytes = PayloadBytes(job);
  std::printf("{\"records\": %ld, \"payload_bytes\": %.0f, \"group\": %ld}\n", job.records,
              payload_bytes, job.group);
  Apart([&] { SpoolIn(job, payload_bytes); });
  Apart([&] { SpoolOut(job, payload_bytes); });
  Apart([&] { Floor(job, payload_bytes); });
#ifdef DEPOTLINK_HAVE_SQLITE
  Apart([&] { Sqlite(job, payload_bytes); });
#else
  std::fputs("queue_bench: no SQLite in this build (libsqlite3-dev)\n", stderr);
#endif
}

long NumberOf(const char* word) {
  return std::strtol(word, nullptr, 10);
}

}  // namespace

int main(int count, char** words) {
  const std::string verb = count > 1 ? words[1] : "";
  Job job;
  if (verb == "lines" && count == 3) {
    job.records = NumberOf(words[2]);
    Lines(job);
  } else if (count >= 4) {
    job.dir = words[2];
    job.records = NumberOf(words[3]);
    const long last = count > 4 ? NumberOf(words[4]) : 0;
    if (verb == "newest") Newest(job, last > 0 ? last : 1000);
    if (last > 0) job.group = last;
    if (verb == "compare") Compare(job);
    if (verb == "fill") Fill(job);
    if (verb == "fill-mib") FillMib(job);
  } else {
    std::fputs(
        "usage: queue_bench compare|fill|fill-mib|newest DIR NUMBER [GROUP|TRACKERS], queue_bench "
        "lines N\n",
        stderr);
    return 2;
  }
  return 0;
}
