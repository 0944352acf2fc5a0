// SPDX-License-Identifier: Apache-2.0
// What the queue on disk costs, beside what it could be instead, in one run over the same records:
// plain write with fdatasync (the floor: what the device asks for), and SQLite in WAL mode with
// batched commits.
//
//   queue_bench DIR [RECORDS [GROUP]]      GROUP: records between two flushes
//   queue_bench DIR newest [MIB [TRACKERS]]   a queue of MIB that keeps only the newest of each:
//                                             how long that takes, and its longest piece
//
// Each way runs in a process of its own, so that its peak memory is its own.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

// What this process made the device write, as the kernel counts it.
unsigned long long DeviceBytes() {
  std::ifstream io("/proc/self/io");
  for (std::string name; io >> name;) {
    unsigned long long value = 0;
    io >> value;
    if (name == "write_bytes:") return value;
  }
  return 0;
}

struct Stage {
  double began = Now();
  double cpu = CpuSeconds();
  unsigned long long written = DeviceBytes();
};

void Report(const char* way, const char* stage, const Stage& since, long records,
            double payload_bytes) {
  const double seconds = Now() - since.began;
  const double cpu = CpuSeconds() - since.cpu;
  const auto written = static_cast<double>(DeviceBytes() - since.written);
  std::printf(
      "%-10s %-7s %9.0f records/s  %6.2f us CPU/record  %5.2f bytes to the device a byte of "
      "payload\n",
      way, stage, static_cast<double>(records) / seconds, cpu * 1e6 / static_cast<double>(records),
      written / payload_bytes);
  std::fflush(stdout);
}

void ReportPeak(const char* way) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%-10s peak    %ld KiB resident\n", way, usage.ru_maxrss);
}

double PayloadBytes(const Job& job) {
  double bytes = 0;
  for (long i = 0; i < job.records; ++i) bytes += static_cast<double>(PayloadOf(i).size());
  return bytes;
}

class Quiet : public depotlink::LogSink {
  void WriteLine(depotlink::LogLevel, std::string_view line) override {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

struct Spooled {
  explicit Spooled(const Job& job, const depotlink::queue::SpoolLimits& limits = Limits())
      : disk(job.dir + "/spool"),
        spool(limits, depotlink::Secret(), disk, cipher, compressor, log) {}
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
  depotlink::platform::DeflateCompressor compressor;
  depotlink::queue::Spool spool;
};

void Require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "queue_bench: %s failed\n", what);
  std::exit(1);
}

void SpoolIn(const Job& job, double payload_bytes) {
  Spooled queue(job);
  Require(queue.spool.Start(0, {}).ok(), "start");
  const Stage stage;
  for (long i = 0; i < job.records; ++i) {
    const std::string payload = PayloadOf(i);
    Record record;
    record.tracker = static_cast<depotlink::model::TrackerId>(1000000 + i % 300);
    record.order = static_cast<depotlink::queue::Order>(i + 1);
    record.time_ms = 1785000000000 + i * 10;
    record.payload = payload;
    Require(queue.spool.Append(record).ok(), "append");
    if ((i + 1) % job.group == 0) Require(queue.spool.Commit().ok(), "commit");
  }
  Require(queue.spool.Commit().ok(), "commit");
  Report("depotlink", "append", stage, job.records, payload_bytes);
}

void SpoolOut(const Job& job, double payload_bytes) {
  Spooled queue(job);
  const double began = Now();
  Require(queue.spool.Start(0, {}).ok(), "start");
  std::printf("%-10s start   %.1f ms over %llu bytes in %llu segments\n", "depotlink",
              (Now() - began) * 1e3, static_cast<unsigned long long>(queue.spool.totals().bytes),
              static_cast<unsigned long long>(queue.spool.totals().segments));
  const Stage stage;
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
void Newest(const Job& job, std::uint64_t mib, long trackers) {
  depotlink::queue::SpoolLimits limits;
  limits.max_bytes = mib << 20U;
  limits.min_free_bytes = 0;
  limits.drop = depotlink::queue::DropPolicy::kAllButNewest;
  Spooled queue(job, limits);
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
  const Stage stage;
  std::string group;
  for (long i = 0; i < job.records; ++i) {
    group += PayloadOf(i);
    if ((i + 1) % job.group != 0 && i + 1 != job.records) continue;
    Require(write(file, group.data(), group.size()) == static_cast<ssize_t>(group.size()), "write");
    Require(fdatasync(file) == 0, "fdatasync");
    group.clear();
  }
  Report("floor", "append", stage, job.records, payload_bytes);
  close(file);
  ReportPeak("floor");
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
    const Stage stage;
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
  std::printf("%-10s size    %lld bytes, %.2f a byte of payload\n", "sqlite",
              static_cast<long long>(info.st_size),
              static_cast<double>(info.st_size) / payload_bytes);
  sqlite3_stmt* oldest = nullptr;
  sqlite3_prepare_v2(db, "SELECT id, payload FROM queue ORDER BY id LIMIT ?", -1, &oldest, nullptr);
  sqlite3_stmt* done = nullptr;
  sqlite3_prepare_v2(db, "DELETE FROM queue WHERE id <= ?", -1, &done, nullptr);
  const Stage stage;
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

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fputs("usage: queue_bench DIR [RECORDS [GROUP]]\n", stderr);
    return 2;
  }
  Job job;
  job.dir = words[1];
  if (count > 2 && std::string(words[2]) == "newest") {
    const std::uint64_t mib = count > 3 ? std::strtoul(words[3], nullptr, 10) : 256;
    const long trackers = count > 4 ? std::strtol(words[4], nullptr, 10) : 1000;
    Newest(job, mib, trackers);
    return 0;
  }
  if (count > 2) job.records = std::strtol(words[2], nullptr, 10);
  if (count > 3) job.group = std::strtol(words[3], nullptr, 10);
  double payload_bytes = 0;
  payload_bytes = PayloadBytes(job);
  std::printf("%ld records of %.0f bytes, a flush each %ld records\n", job.records,
              payload_bytes / static_cast<double>(job.records), job.group);
  Apart([&] { SpoolIn(job, payload_bytes); });
  Apart([&] { SpoolOut(job, payload_bytes); });
  Apart([&] { Floor(job, payload_bytes); });
#ifdef DEPOTLINK_HAVE_SQLITE
  Apart([&] { Sqlite(job, payload_bytes); });
#else
  std::puts("sqlite     left out: this build has none (libsqlite3-dev)");
#endif
  return 0;
}
