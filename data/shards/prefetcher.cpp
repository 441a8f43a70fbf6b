#include "data/shards/prefetcher.h"

#include <fmt/format.h>

#include <stdexcept>

namespace samsr {

BatchSequence rank_batches(std::uint64_t first_step, std::int64_t global_batch, int rank, int ranks) {
  if (ranks < 1 || rank < 0 || rank >= ranks || global_batch < 1 || global_batch % ranks != 0) {
    throw std::logic_error(
        fmt::format("rank {} of {} cannot share a global batch of {} equally", rank, ranks, global_batch));
  }
  const std::int64_t share = global_batch / ranks;
  const auto stride = static_cast<std::uint64_t>(global_batch);
  return {
      .first = first_step * stride + static_cast<std::uint64_t>(rank * share), .stride = stride, .count = share};
}

Prefetcher::Prefetcher(const Loader& loader, BatchSequence sequence, int threads, int depth)
    : loader_(loader), sequence_(sequence), depth_(static_cast<std::uint64_t>(depth)) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Prefetcher::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || claimed_ < handed_out_ + depth_; });
    if (stopping_) {
      return;
    }
    const std::uint64_t number = claimed_++;
    lock.unlock();
    std::variant<Batch, std::exception_ptr> result;
    try {
      result = loader_.load(sequence_.first + number * sequence_.stride, sequence_.count);
    } catch (...) {
      result = std::current_exception();
    }
    lock.lock();
    ready_.emplace(number, std::move(result));
    changed_.notify_all();
  }
}

Batch Prefetcher::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_.contains(handed_out_); });
  auto result = std::move(ready_.extract(handed_out_).mapped());
  ++handed_out_;
  lock.unlock();
  changed_.notify_all();
  if (const auto* error = std::get_if<std::exception_ptr>(&result)) {
    std::rethrow_exception(*error);
  }
  return std::get<Batch>(std::move(result));
}

}  // namespace samsr
