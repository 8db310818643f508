// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "host/key_value_service.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/mutex.h"
#include "store/key_value_store.h"

namespace arcella::host {
namespace {

using engine::KeyValueAnswer;
using engine::KeyValueEntry;
using engine::KeyValueOperation;
using engine::KeyValueRequest;
using Answer = Result<KeyValueAnswer>;

struct Job {
  KeyValueRequest request;
  engine::KeyValueDone done;
  std::size_t bytes;
};

std::size_t bytes_of(const KeyValueRequest& request) {
  std::size_t bytes = 0;
  for (const KeyValueEntry& entry : request.entries) {
    bytes += sizeof entry + entry.key.size() + entry.value.size();
  }
  return bytes;
}

bool changes(const Job& job) {
  const KeyValueOperation operation = job.request.operation;
  return operation == KeyValueOperation::Set || operation == KeyValueOperation::Remove ||
         operation == KeyValueOperation::Increment;
}

// A deployment has one bucket; both names are in use elsewhere.
bool is_bucket(const std::string& name) {
  return name.empty() || name == "default";
}

std::vector<std::string> keys_of(const KeyValueRequest& request) {
  std::vector<std::string> keys;
  keys.reserve(request.entries.size());
  for (const KeyValueEntry& entry : request.entries) keys.push_back(entry.key);
  return keys;
}

Answer get(const store::KeyValueStore& store, const KeyValueRequest& request) {
  ARCELLA_TRY(auto values, store.get(keys_of(request)));
  KeyValueAnswer answer;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool present = values[i].has_value();
    answer.entries.push_back({request.entries[i].key, std::move(values[i]).value_or(""), present});
  }
  return answer;
}

Answer list(const store::KeyValueStore& store, std::uint64_t from) {
  ARCELLA_TRY(auto page, store.list(from));
  KeyValueAnswer answer{.number = page.next};
  for (std::string& key : page.keys) answer.entries.push_back({std::move(key)});
  return answer;
}

Answer set(const store::KeyValueStore& store, const KeyValueRequest& request) {
  std::vector<std::pair<std::string, std::string>> entries;
  entries.reserve(request.entries.size());
  for (const KeyValueEntry& entry : request.entries) entries.emplace_back(entry.key, entry.value);
  ARCELLA_TRY_VOID(store.set(entries));
  return KeyValueAnswer{};
}

Answer carry_out(const store::KeyValueStore& store, const KeyValueRequest& request) {
  const auto first = [&request] {
    return request.entries.empty() ? std::string() : request.entries.front().key;
  };
  switch (request.operation) {
    case KeyValueOperation::Open:
      return KeyValueAnswer{.number = is_bucket(first()) ? 1U : 0U};
    case KeyValueOperation::Get:
      return get(store, request);
    case KeyValueOperation::Exists: {
      ARCELLA_TRY(const bool there, store.exists(first()));
      return KeyValueAnswer{.number = there ? 1U : 0U};
    }
    case KeyValueOperation::Set:
      return set(store, request);
    case KeyValueOperation::Remove: {
      ARCELLA_TRY_VOID(store.remove(keys_of(request)));
      return KeyValueAnswer{};
    }
    case KeyValueOperation::List:
      return list(store, request.number);
    case KeyValueOperation::Increment: {
      ARCELLA_TRY(const std::uint64_t sum, store.increment(first(), request.number));
      return KeyValueAnswer{.number = sum};
    }
  }
  return fail(ErrorCode::Internal, "there is no such operation");
}

// Of what it asked, not of the file.
bool is_the_guests(const Error& error) {
  return error.code() == ErrorCode::LimitExceeded || error.code() == ErrorCode::InvalidParams;
}

// What befell the file is for the platform's log.
Error for_the_guest(const std::string& folder, const Error& error) {
  if (is_the_guests(error)) return error;
  log::error("keys", error.message(), {{"folder", folder}});
  switch (error.code()) {
    case ErrorCode::NoSpace:
      return {error.code(), "the store's disk is full"};
    case ErrorCode::Conflict:
      return {error.code(), "the store is busy: try again"};
    default:
      return {error.code(), "the store cannot be read or written"};
  }
}

}  // namespace

struct KeyValueService::Impl {
  explicit Impl(std::string the_folder) : folder(std::move(the_folder)) {}

  void run();
  [[nodiscard]] std::deque<Job> take();
  void serve(std::deque<Job> jobs);
  [[nodiscard]] Result<std::vector<Answer>> carry_out_all(const std::deque<Job>& jobs);

  const std::string folder;
  std::optional<store::KeyValueStore> store;  // only the thread

  Mutex mutex;
  ConditionVariable changed;
  std::deque<Job> queue ARCELLA_GUARDED_BY(mutex);
  std::size_t queued_bytes ARCELLA_GUARDED_BY(mutex) = 0;
  bool stopping ARCELLA_GUARDED_BY(mutex) = false;
  std::thread thread ARCELLA_GUARDED_BY(mutex);
};

// All that waits; nothing: it is over.
std::deque<Job> KeyValueService::Impl::take() {
  const MutexLock lock(mutex);
  while (queue.empty() && !stopping) changed.wait(mutex);
  if (stopping) return {};
  queued_bytes = 0;
  return std::exchange(queue, {});
}

void KeyValueService::Impl::run() {
  for (std::deque<Job> jobs = take(); !jobs.empty(); jobs = take()) serve(std::move(jobs));
}

Result<std::vector<Answer>> KeyValueService::Impl::carry_out_all(const std::deque<Job>& jobs) {
  if (!store) {
    ARCELLA_TRY(auto opened, store::KeyValueStore::open(folder));
    store.emplace(std::move(opened));
  }
  std::optional<store::Transaction> transaction;
  if (std::any_of(jobs.begin(), jobs.end(), changes)) {
    ARCELLA_TRY(auto begun, store->begin());
    transaction.emplace(std::move(begun));
  }
  std::vector<Answer> answers;
  answers.reserve(jobs.size());
  for (const Job& job : jobs) {
    Answer answer = carry_out(*store, job.request);
    // The file's failure may have ended the transaction: nothing of it is to be believed.
    if (!answer.has_value() && !is_the_guests(answer.error())) return fail(answer.error());
    answers.push_back(std::move(answer));
  }
  if (transaction) {
    ARCELLA_TRY_VOID(transaction->commit());
  }
  return answers;
}

void KeyValueService::Impl::serve(std::deque<Job> jobs) {
  auto answers = carry_out_all(jobs);
  if (!answers.has_value()) {
    // Nothing of it is on the disk, not even what a read has seen.
    const Error error = for_the_guest(folder, answers.error());
    for (const Job& job : jobs) job.done(fail(error));
    return;
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].done(std::move((*answers)[i]));
}

KeyValueService::KeyValueService(std::string folder)
    : impl_(std::make_shared<Impl>(std::move(folder))) {}

KeyValueService::~KeyValueService() {
  std::deque<Job> unanswered;
  std::thread thread;
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
    unanswered.swap(impl_->queue);
    thread = std::move(impl_->thread);
    impl_->changed.notify_all();
  }
  if (!thread.joinable()) return;
  if (thread.get_id() == std::this_thread::get_id()) {
    // An answer was the last thing that held a guest. The thread has its share, and ends next.
    thread.detach();
  } else {
    thread.join();
  }
}

void KeyValueService::ask(KeyValueRequest request, engine::KeyValueDone done) {
  Job job{std::move(request), std::move(done), 0};
  job.bytes = bytes_of(job.request);
  {
    const MutexLock lock(impl_->mutex);
    const bool full = impl_->queue.size() >= limits::kKeyValueQueuedMax ||
                      impl_->queued_bytes + job.bytes > limits::kKeyValueQueuedBytesMax;
    if (!full && !impl_->thread.joinable()) {
      try {
        impl_->thread = std::thread([impl = impl_] { impl->run(); });
      } catch (const std::system_error& error) {
        log::error("keys", "no thread can be started", {{"error", error.what()}});
      }
    }
    if (!full && impl_->thread.joinable()) {
      impl_->queued_bytes += job.bytes;
      impl_->queue.push_back(std::move(job));
      impl_->changed.notify_one();
      return;
    }
  }
  job.done(fail(ErrorCode::Unavailable, "the store has too much to do: try again"));
}

std::shared_ptr<engine::KeyValue> key_value_of(const model::RunSpec& spec) {
  if (!spec.keys_folder) return nullptr;
  return std::make_shared<KeyValueService>(*spec.keys_folder);
}

}  // namespace arcella::host
