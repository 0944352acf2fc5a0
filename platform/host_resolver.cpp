// SPDX-License-Identifier: Apache-2.0
#include "platform/host_resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace depotlink::platform {

struct HostResolver::Job {
  std::string host;
  std::mutex mutex;
  // Under the mutex:
  std::function<void()> wake;  // empty once nobody waits any more
  bool done = false;
  Addresses addresses;
};

namespace {

void LookUp(const std::string& host, int flags, HostResolver::Addresses& out) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int outcome = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (outcome != 0) {
    out.failure = gai_strerror(outcome);
    return;
  }
  for (addrinfo* one = found; one != nullptr && out.count < out.text.size(); one = one->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      out.text[out.count++] = text;
    }
  }
  freeaddrinfo(found);
  if (out.count == 0) out.failure = "no usable address";
}

}  // namespace

HostResolver::HostResolver(std::function<void()> wake) : wake_(std::move(wake)) {}

HostResolver::~HostResolver() {
  Drop();
}

void HostResolver::Drop() {
  if (job_ == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(job_->mutex);
    job_->wake = nullptr;
  }
  job_.reset();
}

Status HostResolver::Start(const std::string& host) {
  Drop();
  auto job = std::make_shared<Job>();
  job->host = host;
  // This machine, whatever a name server says, and also where none answers and no line of
  // /etc/hosts has it (RFC 6761, 6.3).
  if (host == "localhost") {
    job->addresses.text[job->addresses.count++] = "127.0.0.1";
    job->addresses.text[job->addresses.count++] = "::1";
  } else {
    LookUp(host, AI_NUMERICHOST, job->addresses);
  }
  if (job->addresses.count > 0) {
    job->done = true;
    job_ = std::move(job);
    wake_();
    return Status::Ok();
  }
  job->addresses = {};
  job->wake = wake_;
  try {
    std::thread([job] {
      Addresses addresses;
      LookUp(job->host, AI_ADDRCONFIG, addresses);
      // Under the mutex, so that who drops the job knows that no wake comes afterwards.
      const std::lock_guard<std::mutex> lock(job->mutex);
      job->addresses = std::move(addresses);
      job->done = true;
      if (job->wake) job->wake();
    }).detach();
  } catch (const std::system_error&) {
    return {Code::kRetryLater, "no thread for looking up the broker's name"};
  }
  job_ = std::move(job);
  return Status::Ok();
}

bool HostResolver::Take(Addresses& out) {
  if (job_ == nullptr) return false;
  {
    const std::lock_guard<std::mutex> lock(job_->mutex);
    if (!job_->done) return false;
    out = std::move(job_->addresses);
  }
  job_.reset();
  return true;
}

}  // namespace depotlink::platform
